import { expect } from 'chai';
import { RetryableError } from '../../../src/errors.ts';
import type { AuditEntry } from '../../../src/model/audit-entry.ts';
import type { UserId } from '../../../src/model/ids.ts';
import { actOnHost, type HostRequest, type HostResult } from '../../../src/services/act-on-host.ts';

const REQUEST: HostRequest = {
  what: 'unlock',
  actor: '@it:hospital.test' as UserId,
  target: '@lee:hospital.test' as UserId,
  eventId: undefined,
  trace: 'trace',
  systemUser: 'root',
  reason: 'locked out',
};
const DONE: HostResult = { outcome: 'done', text: 'It is done.' };

describe('Acting on the host', () => {
  let entries: AuditEntry[];
  let told: string[];
  /** The entries from this one on are refused. */
  let room: number;
  beforeEach(() => ([entries, told, room] = [[], [], Infinity]));

  const act = (work: () => Promise<HostResult>) => {
    const append = async (entry: AuditEntry) => {
      if (entries.length >= room) throw new RetryableError('The disk is full.');
      entries.push(entry);
    };
    const transactions = { run: <T>(inside: () => Promise<T>) => inside(), afterCommit: () => undefined };
    const security = { tell: async (text: string) => void told.push(text) };
    return actOnHost({ audit: { append }, transactions, security }, REQUEST, work);
  };
  const outcomes = () => entries.map(({ outcome }) => outcome);

  it('F1 does nothing where the audit log cannot be written before', async () => {
    room = 0;
    let isDone = false;
    const work = async () => ((isDone = true), DONE);
    const error = await act(work).catch((fault: unknown) => fault);
    expect(error).to.have.property('message', 'Nothing was done: the audit log cannot be written. The disk is full.');
    expect({ isDone, told }).to.deep.equal({ isDone: false, told: [] });
  });

  it('F1 says so where it cannot be written after, and does not call that done', async () => {
    room = 1;
    const result = await act(async () => DONE);
    expect(result.outcome).to.equal('partial');
    expect(result.text).to.match(/^It is done\.\nHow it ended could not be written/);
  });

  it('has a fault of ours in the log as failed, and passes it on', async () => {
    const error = await act(() => Promise.reject(new TypeError('x'))).catch((fault: unknown) => fault);
    expect(error).to.be.instanceOf(TypeError);
    expect(outcomes()).to.deep.equal(['done', 'failed']);
  });

  it('tells security what was done and what failed', async () => {
    await act(async () => DONE);
    expect(told).to.have.length(1);
    expect(told[0]).to.include('by @it:hospital.test (login root): done.').and.not.include('locked out');
  });
});
