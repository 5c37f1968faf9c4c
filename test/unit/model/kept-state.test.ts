import { expect } from 'chai';
import { KEPT_STATE, isKeptState } from '../../../src/model/kept-state.ts';
import { sourceFiles } from '../../support/source-files.ts';

/** Named by policy, and not looked for in a snapshot's state. */
const NOT_STATE = new Set(['m.room.member', 'm.room.message', 'm.room.encrypted', 'm.room.redaction']);

describe('kept state', () => {
  it('has every type that policy names', () => {
    const named = sourceFiles('src/policy').flatMap(({ text }) =>
      [
        ...text.matchAll(
          /'((?:m\.room|m\.space)\.[a-z_]+|m\.(?:bridge|widget)|[a-z-]+\.[a-z-]+\.(?:bridge|modular\.widgets))'/g,
        ),
      ].map(([, type]) => type ?? ''),
    );
    expect(named).not.to.deep.equal([]);
    expect([...new Set(named)].filter((type) => !KEPT_STATE.has(type) && !NOT_STATE.has(type))).to.deep.equal([]);
  });

  it('is by its key', () => {
    expect(isKeptState('m.room.name', '')).to.equal(true);
    expect(isKeptState('m.room.name', 'x')).to.equal(false);
    expect(isKeptState('m.space.child', '!room')).to.equal(true);
    expect(isKeptState('m.room.member', '@nurse:hospital.test')).to.equal(false);
    expect(isKeptState('org.example', '')).to.equal(false);
  });
});
