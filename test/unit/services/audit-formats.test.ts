import { expect } from 'chai';
import { AUDIT_ACTIONS } from '../../../src/model/audit-action.ts';
import { auditItem, type AuditItem } from '../../../src/services/audit-item.ts';
import { AUDIT_FORMATS, csvCell } from '../../../src/services/audit-formats.ts';
import { toFhirAuditEvent } from '../../../src/services/audit-fhir.ts';
import { fhirFaults } from '../../support/fhir-validators.ts';

const least = auditItem(
  {
    seq: 7,
    id: 'x',
    at: 1_790_000_000_000,
    action: 'room.repair',
    actor: 'carebridge',
    outcome: 'done',
    target: null,
    roomId: null,
    sourceEvent: null,
    cause: null,
    content: null,
    trace: 't',
    prevHash: 'a'.repeat(64),
    hash: 'b'.repeat(64),
  },
  {},
);
const full: AuditItem = {
  ...least,
  action: 'role.give',
  actor: '@admin:hospital.test',
  target: '@nurse/x:hospital.test',
  roomId: '!room:hospital.test',
  sourceEvent: '$event',
  cause: 'command',
  reason: 'she said "now",\nplease',
  ticket: '',
  before: { roles: [] },
  after: ['nurse'],
  details: '=1+1',
};

describe('audit formats', () => {
  const CELLS: readonly (readonly [unknown, string])[] = [
    ['plain', 'plain'],
    [undefined, ''],
    [null, ''],
    [-5, '-5'],
    ['=HYPERLINK("http://x")', `"'=HYPERLINK(""http://x"")"`],
    ['+1 212', `"'+1 212"`],
    ['-x', `"'-x"`],
    ['@nurse:hospital.test', `"'@nurse:hospital.test"`],
    ['\t=x', `"'\t=x"`],
    [' \r\n=x', `" \\n=x"`],
    ['\uff1dx', `"'\uff1dx"`],
    ['a,b', '"a,b"'],
    ['two\nlines', 'two\\nlines'],
    [{ a: '=1' }, '"{""a"":""=1""}"'],
    [['=1'], '"[""=1""]"'],
  ];
  for (const [value, expected] of CELLS) {
    it(`csv: writes ${JSON.stringify(value)} so that no spreadsheet runs it`, () => {
      const cell = csvCell(value);
      if (value !== ' \r\n=x') expect(cell).to.equal(expected);
      const shown = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
      if (typeof value !== 'number') expect(shown).not.to.match(/^\s*[=+\-@\t\uff1d]/);
    });
  }

  it('csv: has one line an entry, with as many cells as columns', () => {
    const { header, line } = AUDIT_FORMATS.csv;
    for (const item of [least, full]) {
      const text = line(item);
      expect(text).not.to.match(/[\r\n]/);
      const cells = text.match(/("([^"]|"")*"|[^,"]*)(,|$)/g)?.slice(0, -1);
      expect(cells?.length).to.equal(header.split(',').length);
    }
  });

  it('jsonl: has everything', () => {
    expect(JSON.parse(AUDIT_FORMATS.jsonl.line(full))).to.deep.equal(JSON.parse(JSON.stringify(full)));
  });

  describe('fhir', () => {
    const kindOf = (action: string, outcome = 'done') => {
      const { type, subtype, action: letter } = toFhirAuditEvent({ ...full, action, outcome });
      return [type.code, subtype?.[0]?.code, letter];
    };

    it('says of what was refused that it was a use of a restricted function, whatever it was (F2)', () => {
      for (const action of [...AUDIT_ACTIONS, 'command.lock', 'command.unknown', 'admin.unlock'])
        expect(kindOf(action, 'refused').slice(0, 2), action).to.deep.equal(['110113', '110132']);
      expect(toFhirAuditEvent({ ...full, outcome: 'refused' })).to.include({ outcome: '4', outcomeDesc: 'refused' });
    });

    it('claims nothing of what was only asked for, begun or shown (F1)', () => {
      for (const details of [{ step: 'asked' }, { step: 'begun' }, { step: 'shown' }, { found: { ended: false } }])
        for (const action of ['command.lock', 'account.lock', 'command.lost-device', 'command.role.give']) {
          const { type, subtype, outcomeDesc } = toFhirAuditEvent({ ...full, action, details });
          expect([type.code, subtype], action).to.deep.equal(['110100', undefined]);
          expect(outcomeDesc).to.equal(`done, ${details.step ?? 'shown'}`);
        }
      const ended = { ...full, action: 'account.lock', details: { step: 'ended' } };
      expect(toFhirAuditEvent(ended)).to.deep.include({ outcomeDesc: 'done' });
      expect(toFhirAuditEvent(ended).subtype?.[0]?.code).to.equal('110137');
    });

    const KINDS: readonly (readonly [string, readonly (string | undefined)[]])[] = [
      ['command.role.give', ['110113', '110136', 'E']],
      ['admin.give-role', ['110113', '110136', 'E']],
      ['role.take', ['110113', '110136', 'E']],
      ['command.lock', ['110113', '110137', 'E']],
      ['account.end-device', ['110114', '110123', 'E']],
      ['command.lost-device.all', ['110114', '110123', 'E']],
      ['sign-in.new-device', ['110114', '110122', 'E']],
      ['sign-in.new-network', ['110113', undefined, 'E']],
      ['audit.trust', ['110113', '110129', 'E']],
      ['break-glass.grant', ['110113', '110127', 'E']],
      ['command.break-glass.end', ['110113', '110138', 'E']],
      ['command.break-glass.list', ['110100', undefined, 'E']],
      ['room.repair', ['110113', '110135', 'E']],
      ['archive.export', ['110106', undefined, 'R']],
      ['audit.review', ['110101', undefined, 'R']],
      ['command.text', ['110100', undefined, 'E']],
    ];
    for (const [action, expected] of KINDS) {
      it(`${action} is ${expected.join(' ')}`, () => expect(kindOf(action)).to.deep.equal(expected));
    }

    it('names the bridge, which did it, beside whoever asked for it, and the address of a device that signed in', () => {
      const [asked, did, ...more] = toFhirAuditEvent(full).agent;
      expect(asked).to.deep.include({ altId: '@admin:hospital.test', requestor: true });
      expect(did).to.deep.include({ altId: 'carebridge', name: 'Carebridge', requestor: false });
      expect(did?.type?.coding[0]?.code).to.equal('110150');
      expect(more).to.deep.equal([]);
      const seen = { ...full, action: 'sign-in.new-network', actor: 'carebridge', details: { ip: '192.0.2.7' } };
      expect(
        toFhirAuditEvent(seen).agent.map(({ altId, requestor, network }) => [altId, requestor, network]),
      ).to.deep.equal([
        ['carebridge', false, undefined],
        ['@nurse/x:hospital.test', false, { address: '192.0.2.7', type: '2' }],
      ]);
      expect(toFhirAuditEvent({ ...seen, details: { ip: null } }).agent).to.have.length(1);
    });

    it('names the person whose session began or was ended, as DICOM asks of a login and a logout', () => {
      const agentsOf = (changes: Partial<AuditItem>) =>
        toFhirAuditEvent({ ...full, ...changes }).agent.map(({ altId, requestor }) => [altId, requestor]);
      const [nurse, bridge] = ['@nurse/x:hospital.test', ['carebridge', false]];
      expect(agentsOf({ action: 'sign-in.new-device', actor: 'carebridge' })).to.deep.equal([bridge, [nurse, true]]);
      expect(agentsOf({ action: 'account.idle-sign-out', actor: 'carebridge' })).to.deep.equal([
        bridge,
        [nurse, false],
      ]);
      const admin = ['@admin:hospital.test', true];
      expect(agentsOf({ action: 'account.end-device' })).to.deep.equal([admin, bridge, [nurse, false]]);
      // Of one's own lost phone.
      expect(agentsOf({ action: 'account.end-device', target: full.actor })).to.deep.equal([admin, bridge]);
    });

    it('has no character of what people typed that a string of R4 must not have, and none that is empty', () => {
      const { entity } = toFhirAuditEvent({ ...full, reason: 'be\u0007ll\t\0', ticket: ' ' });
      const details = Object.fromEntries(entity[0]?.detail?.map(({ type, valueString }) => [type, valueString]) ?? []);
      expect(details).to.include({ reason: 'be\ufffdll\t\ufffd' }).and.not.have.property('ticket');
    });

    it('the validators see faults of each kind', function () {
      this.timeout(20_000);
      const good = toFhirAuditEvent(full);
      const bad: readonly object[] = [
        { ...good, action: 'Z' },
        { ...good, outcome: '5' },
        { ...good, agent: [] },
        { ...good, recorded: '2026-11-24' },
        { ...good, extra: 1 },
        { ...good, agent: [{ who: good.agent[0]?.who }] },
      ];
      for (const one of bad) expect(fhirFaults(JSON.parse(JSON.stringify(one)))).not.to.deep.equal([]);
    });

    it('names who, whom, where and upon what by Matrix URIs, and keeps the rest as details', () => {
      const event = toFhirAuditEvent(full);
      expect(event.agent[0]?.who).to.deep.include({ display: '@admin:hospital.test' });
      expect(event.agent[0]?.who.identifier.value).to.equal('matrix:u/admin:hospital.test');
      expect(event.entity.map(({ what }) => what.identifier.value)).to.deep.equal([
        'x',
        'matrix:u/nurse%2Fx:hospital.test',
        'matrix:roomid/room:hospital.test',
        'matrix:roomid/room:hospital.test/e/event',
      ]);
      const details = Object.fromEntries(
        event.entity[0]?.detail?.map(({ type, valueString }) => [type, valueString]) ?? [],
      );
      expect(details).to.include({ hash: full.hash, reason: full.reason, before: '{"roles":[]}', cause: 'command' });
      expect(event).to.include({ action: 'E', outcome: '0', recorded: full.at });
      expect(toFhirAuditEvent({ ...full, action: 'break-glass.grant' }).purposeOfEvent?.[0]?.coding[0]?.code).to.equal(
        'BTG',
      );
    });
  });
});
