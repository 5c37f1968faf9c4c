import { once } from 'node:events';
import { expect } from 'chai';
import { Grace } from '../../../src/app/grace.ts';
import { silentLogger } from '../../../src/log.ts';

const NEVER = new Promise<never>(() => undefined);

describe('what is at work when the bridge stops', () => {
  let warned: string[];
  const grace = (ms: number) => new Grace(ms, { ...silentLogger, warn: (event) => void warned.push(event) });
  beforeEach(() => (warned = []));

  it('has time to finish, and nothing is given up then', async () => {
    const subject = grace(60_000);
    const ended: number[] = [];
    await subject.stop([async (ms) => void ended.push(ms), async () => void ended.push(2)]);
    expect(ended).to.deep.equal([60_000, 2]);
    expect(subject.over.aborted).to.equal(false);
    expect(warned).to.deep.equal([]);
  });

  it('is given up when the time is over, and may still commit that', async () => {
    const subject = grace(10);
    let isCommitted = false;
    const givesUp = async () => {
      await once(subject.over, 'abort');
      isCommitted = true;
    };
    await subject.stop([givesUp]);
    expect(isCommitted).to.equal(true);
    expect(warned).to.deep.equal([]);
  });

  it('is not waited for where it hangs all the same', async () => {
    await grace(10).stop([() => NEVER, async () => undefined]);
    expect(warned).to.deep.equal(['bridge.given-up']);
  });

  it('is stopped to the last, whatever fails meanwhile; that is told afterwards', async () => {
    let isStopped = false;
    const fault = new Error('damaged');
    const failed = await grace(60_000)
      .stop([
        () => Promise.reject(fault),
        async () => {
          await Promise.resolve();
          isStopped = true;
        },
      ])
      .catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(AggregateError).and.have.nested.property('errors[0]', fault);
    expect(isStopped).to.equal(true);
  });
});
