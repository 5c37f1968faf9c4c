import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { waitFor, waitForEvent } from '../../../../src/cli/demo/wait-for.ts';

describe('waitFor', () => {
  it('answers what the condition answers, as soon as that is truthy', async () => {
    let asked = 0;
    const value = await waitFor('three', () => (++asked === 3 ? 'here' : undefined), { everyMs: 1 });
    expect([value, asked]).to.deep.equal(['here', 3]);
  });

  it('says after the time-out what it waited for, and what was the case instead', async () => {
    const error = await waitFor('a letter', () => false, {
      timeoutMs: 10,
      everyMs: 1,
      instead: () => 'an empty box',
    }).catch((reason: unknown) => reason);
    expect(String(error)).to.equal('Error: Waited 0.01 s in vain for a letter. Instead: an empty box');
  });

  it('passes on what the condition throws', async () => {
    const error = await waitFor('nothing', () => Promise.reject(new Error('broken'))).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).to.equal('Error: broken');
  });
});

describe('waitForEvent', () => {
  it('asks at once, and then at each event', async () => {
    const emitter = new EventEmitter();
    let count = 0;
    const found = waitForEvent('two events', emitter, ['tick'], () => count === 2);
    emitter.emit('tick', ++count);
    emitter.emit('tick', ++count);
    expect(await found).to.equal(true);
    expect(emitter.listenerCount('tick')).to.equal(0);
  });

  it('lets go of the emitter when the time is over', async () => {
    const emitter = new EventEmitter();
    const error = await waitForEvent('an event', emitter, ['tick'], () => false, { timeoutMs: 10 }).catch(
      (reason: unknown) => reason,
    );
    expect(String(error)).to.equal('Error: Waited 0.01 s in vain for an event.');
    expect(emitter.listenerCount('tick')).to.equal(0);
  });
});
