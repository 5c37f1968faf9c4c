import { expect } from 'chai';
import { silentLogger, type Logger } from '../../../../src/log.ts';
import { PatientFlush } from '../../../../src/matrix/crypto/patient-flush.ts';

describe("what the bot's device has to send", () => {
  let now: number;
  let fault: Error | undefined;
  let triedAt: number[];
  let logged: string[];
  let flush: PatientFlush;

  beforeEach(() => {
    now = 0;
    fault = undefined;
    triedAt = [];
    logged = [];
    const note = (event: string, fields?: { readonly error?: unknown }) =>
      void logged.push([event, (fields?.error as Error | undefined)?.message].filter(Boolean).join(': '));
    const log: Logger = { ...silentLogger, info: note, warn: note };
    const send = async () => {
      triedAt.push(now);
      if (fault) throw fault;
    };
    flush = new PatientFlush({ flush: send, log, now: () => now });
  });

  /** A round of the sync each second. */
  async function rounds(untilMs: number): Promise<void> {
    for (; now < untilMs; now += 1_000) await flush.run();
  }

  it('is sent after each round', async () => {
    await rounds(3_000);
    expect(triedAt).to.deep.equal([0, 1_000, 2_000]);
    expect(logged).to.deep.equal([]);
  });

  it('is tried again after 1 s, 2 s, 4 s ... a minute where it is refused for good, and the log says so once', async () => {
    fault = new Error('refused');
    await rounds(200_000);
    expect(triedAt.map((at) => at / 1_000)).to.deep.equal([0, 1, 3, 7, 15, 31, 63, 123, 183]);
    expect(logged).to.deep.equal(['crypto-sync.flush-failed: refused']);
  });

  it('is logged where the fault becomes another, and where it is over; then it is sent after each round again', async () => {
    fault = new Error('refused');
    await rounds(2_000);
    fault = new Error('too many');
    await rounds(4_000);
    fault = undefined;
    await rounds(10_000);
    expect(logged).to.deep.equal([
      'crypto-sync.flush-failed: refused',
      'crypto-sync.flush-failed: too many',
      'crypto-sync.flushed-again',
    ]);
    expect(triedAt.map((at) => at / 1_000)).to.deep.equal([0, 1, 3, 7, 8, 9]);
  });
});
