import { expect } from 'chai';
import { keepTextsAndRetention, RETENTION_SUBJECT, TEXTS_SUBJECT } from '../../../src/services/policy-documents.ts';
import { careStores, careTables } from '../../support/fakes/memory-care-stores.ts';

const TEXTS = { warning: 'w', 'stop-confirmation': 's', help: 'h', 'identity-question': 'q' };
const KEPT = { wipeAfterMs: 3_600_000, keepParkedMs: 86_400_000 };

describe('policy documents', () => {
  it('what patients are told and what is kept how long can be asked for any day (F7)', async () => {
    const tables = careTables();
    const versions = careStores(() => tables).policyVersions;
    await keepTextsAndRetention(versions, { wordingVersion: '1', texts: TEXTS, ...KEPT }, 10);
    await keepTextsAndRetention(versions, { wordingVersion: '1', texts: TEXTS, ...KEPT }, 20);
    const changed = { wordingVersion: '2', texts: { ...TEXTS, warning: 'texts are not private' }, ...KEPT };
    await keepTextsAndRetention(versions, changed, 30);
    expect((await versions.inEffect(TEXTS_SUBJECT, 29))?.content).to.include('"warning":"w"');
    expect((await versions.inEffect(TEXTS_SUBJECT, 30))?.content).to.include('"warning":"texts are not private"');
    expect(await versions.history(RETENTION_SUBJECT)).to.have.length(1);
    expect(await versions.inEffect(RETENTION_SUBJECT, 9)).to.equal(undefined);
  });
});
