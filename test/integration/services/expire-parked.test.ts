import { expect } from 'chai';
import { PermanentError } from '../../../src/errors.ts';
import { ExpireParked } from '../../../src/services/expire-parked.ts';
import { Notifier } from '../../../src/services/notifier.ts';
import { LINES, NAMESPACE, PREFIX } from '../../support/fakes/test-bridge.ts';
import { ServicesFixture } from './services-fixture.ts';

const PATIENT = '+12125550110';
const DAY = 86_400_000;
const KEEP = 90 * DAY;

describe('what is parked and nobody deals with (H2)', () => {
  let fixture: ServicesFixture;
  beforeEach(async () => void (fixture = await ServicesFixture.create({ lines: LINES.slice(1) })));
  afterEach(() => fixture[Symbol.asyncDispose]());

  const housekeeping = async (days: number) => {
    const { stores } = fixture.world;
    const notifier = new Notifier({ ...stores, bot: NAMESPACE.bot, wake: () => undefined });
    const expire = new ExpireParked({ ...stores, notifier, keepParkedMs: KEEP, prefix: PREFIX });
    for (let day = 0; day < days; day++) {
      fixture.clock.tick(DAY);
      for (let time = 0; time < 2; time++) await expire.run(Date.now());
    }
    await fixture.bridge.pump();
    return fixture.adminsHeard.slice(1);
  };
  const parked = () => fixture.world.stores.parked.inbox.count();

  it('is told each day of its last week, then dropped and audited, and its words are wiped', async () => {
    await fixture.bridge.patientTexts(PATIENT, 'secret words');
    await fixture.bridge.pump();
    const [row] = await fixture.world.stores.parked.inbox.list(0, 1);
    expect(await housekeeping(82)).to.deep.equal([]);
    const warned = await housekeeping(7);
    expect(warned).to.have.length(7);
    expect(warned[0]).to.match(
      /^Parked texts that are dropped within a week \(`retention\.keep_parked`\): 1\. See `!care parked`/,
    );
    expect(await parked()).to.equal(1);
    const heard = await housekeeping(1);
    expect(heard.at(-1)).to.match(/^Parked texts that were dropped, since nobody .*: 1\./);
    expect(await parked()).to.equal(0);
    expect(await fixture.world.stores.inbox.find(row!.id)).to.equal(undefined);
    expect(await housekeeping(3), 'and no more is said').to.have.length(heard.length);
  });

  it('stays where it is a STOP that was not acted on (K1)', async () => {
    await fixture.restart();
    fixture.world.stores.consents.append = async () => Promise.reject(new PermanentError('damaged'));
    await fixture.bridge.patientTexts(PATIENT, 'STOP');
    await fixture.bridge.pump();
    const heard = await housekeeping(100);
    expect(heard.filter((words) => words.startsWith('Parked texts'))).to.deep.equal([]);
    expect(await fixture.world.stores.parked.keywords.count()).to.equal(1);
  });
});
