import { expect } from 'chai';
import { AUDIT_ACTIONS } from '../../../src/model/audit-action.ts';
import { sourceFiles } from '../../support/source-files.ts';

/** The list, and what the entries are called elsewhere. */
const NO_WRITERS = new Set(['src/model/audit-action.ts', 'src/services/audit-fhir-kinds.ts']);

describe('the actions of the audit log', () => {
  const writers = sourceFiles('src').filter(({ path }) => !NO_WRITERS.has(path));

  // That src writes no other is what the type of an entry says: whoever writes a new one must add it here, and say what it is in FHIR.
  for (const action of AUDIT_ACTIONS) {
    it(`${action} is written by somebody`, () => {
      const [subject = ''] = action.split('.');
      const forms = [`'${action}'`, `\`${subject}.\${`];
      expect(writers.filter(({ text }) => forms.some((form) => text.includes(form)))).not.to.deep.equal([]);
    });
  }

  it('are stated, never claimed past the type', () => {
    const claims = writers.filter(({ text }) => /as (AuditAction|ListedAction)\b/.test(text));
    expect(claims.map(({ path }) => path)).to.deep.equal([]);
  });
});
