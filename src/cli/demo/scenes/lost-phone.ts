/** The nurse has lost her phone: one command ends its session, and nothing more is encrypted to it. */
import { canDecrypt } from '../can-decrypt.ts';
import { bodyOf } from '../command-room.ts';
import type { Nurse } from '../nurse.ts';
import { Patient } from '../patient.ts';
import type { Scene } from '../scene.ts';

const NUMBER = '+12125550124';
const BEFORE = 'Is my blood test back?';
const AFTER = 'I feel worse today.';

export const lostPhone: Scene = {
  title: 'The nurse has lost her phone',
  async play({ clinic, nurse, commandRoom, tell }) {
    // Before the patient has a name in Matrix, which asks for her devices when it first speaks.
    const phone = clinic.add(await nurse.secondDevice({ deviceId: 'PHONE' }));
    const juan = new Patient(clinic.carrier, NUMBER);
    const room = await clinic.startConversation(nurse, commandRoom.roomId, NUMBER, 'Juan Perez');
    await juan.agrees();
    tell('nurse', 'is in the room of Juan Perez, with a laptop and with a phone that she verified');
    tell('patient', `texts: ${BEFORE}`);
    await juan.texts(BEFORE);
    for (const [name, device] of [['laptop', nurse] as const, ['phone', phone] as const]) {
      const event = await device.waitForMessage(room, BEFORE);
      tell(name, `shows: ${bodyOf(event)} (shield: ${event.shield})`);
    }

    const ended = endOfWaiting(phone);
    const command = `!care lost-device ${nurse.userId} ${phone.deviceId}`;
    tell('admin', `types: ${command}`);
    const typed = performance.now();
    const answer = bodyOf(await commandRoom.says(command));
    if (!answer.includes('is signed out')) throw new Error(`The phone was not signed out: ${answer}`);
    tell('bot', `answers: ${answer}`);
    const { refusal, at } = await ended;
    tell(
      'phone',
      `was waiting for messages (/sync): answered ${refusal}, ${(at - typed).toFixed(0)} ms after the command`,
    );
    tell('phone', `asks again (/whoami): answered ${await nextRequest(phone)}`);

    tell('patient', `texts: ${AFTER}`);
    await juan.texts(AFTER);
    const event = await nurse.waitForMessage(room, AFTER);
    tell('laptop', `shows: ${bodyOf(event)} (shield: ${event.shield})`);
    if (await canDecrypt(phone, nurse, event)) throw new Error('The phone has the key of what came after.');
    tell('phone', 'cannot decrypt that message, handed to it all the same: it was sent no key');
    tell('nobody', 'can take back what the phone had decrypted before, or verify what an offline phone does');
  },
};

/** The homeserver's refusal of the request in which the client waits for what is new, and when it came (`performance.now()`). */
async function endOfWaiting(device: Nurse): Promise<{ readonly refusal: string; readonly at: number }> {
  const { HttpApiEvent } = await import('matrix-js-sdk');
  return await new Promise((resolve) => {
    device.client.once(HttpApiEvent.SessionLoggedOut, ({ httpStatus, errcode }) =>
      resolve({ refusal: `${httpStatus} ${errcode}`, at: performance.now() }),
    );
  });
}

async function nextRequest({ client }: Nurse): Promise<string> {
  const answer = await fetch(`${client.baseUrl}/_matrix/client/v3/account/whoami`, {
    headers: { authorization: `Bearer ${client.getAccessToken()}` },
  });
  if (answer.status !== 401) throw new Error(`The phone's next request was answered ${answer.status}, not 401.`);
  const { errcode } = (await answer.json()) as { readonly errcode?: string };
  return `401 ${errcode}`;
}
