/** A process to be killed: encrypts in a loop and prints where each message stands in its session, after it is stored. */
import { ENGINES } from '../../../../src/matrix/crypto/engines.ts';
import { readPosition } from '../../../../src/matrix/crypto/megolm-message.ts';
import type { OlmMachine } from '../../../../src/matrix/crypto/olm-engine.ts';
import { CryptoStore } from '../../../../src/matrix/crypto/store/crypto-store.ts';
import type { RoomId, UserId } from '../../../../src/model/ids.ts';
import { KeyDirectory } from '../../../support/key-directory.ts';

const USERS = ['@one:hospital.test', '@two:hospital.test', '@three:hospital.test'] as UserId[];
const ROOM = '!room:hospital.test' as RoomId;

/** The boot id of every process here. */
export const THIS_BOOT = 'this boot';

/** Opens the store as the tests do. */
export function openStore(directory: string, bootId: string | undefined): CryptoStore {
  const { outboundSessions } = ENGINES.wasm;
  return CryptoStore.open({
    directory,
    passphrase: 'passphrase',
    engine: 'wasm',
    outboundSessions,
    scryptCost: 16,
    bootId,
  });
}

/** The machines of a few users, their keys published nowhere. */
export async function openMachines(store: CryptoStore): Promise<OlmMachine[]> {
  const engine = await ENGINES.wasm.create(store);
  const directory = new KeyDirectory();
  const machines: OlmMachine[] = [];
  for (const [index, userId] of USERS.entries()) {
    const machine = await engine.open({ userId, deviceId: 'DEVICE', number: index + 1 });
    for (const request of [...(await machine.outgoingRequests()), ...(await machine.bootstrapCrossSigning())])
      await machine.markSent(request, directory.answer(userId, 'DEVICE', request));
    machines.push(machine);
  }
  return machines;
}

/** Encrypts one message and returns `session index`. */
export async function encryptOne(machine: OlmMachine, text = 'text'): Promise<string> {
  await machine.shareRoomKey(ROOM, []);
  const content = await machine.encrypt(ROOM, 'm.room.message', JSON.stringify({ body: text }));
  const position = readPosition(JSON.parse(content) as Record<string, unknown>);
  return `${position?.sessionId} ${position?.index}`;
}

if (import.meta.main) {
  const machines = await openMachines(openStore(process.argv[2] ?? '', THIS_BOOT));
  await Promise.all(
    machines.map(async (machine) => {
      for (;;) process.stdout.write(`${await encryptOne(machine)}\n`);
    }),
  );
}
