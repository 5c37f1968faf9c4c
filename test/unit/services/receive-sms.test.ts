import { expect } from 'chai';
import { silentLogger } from '../../../src/log.ts';
import type { LineId } from '../../../src/model/ids.ts';
import type { Country, PhoneNumber } from '../../../src/model/phone-number.ts';
import type { InboxRow } from '../../../src/model/rows.ts';
import { Lines } from '../../../src/services/lines.ts';
import { ReceiveSms, type ReceiveSmsParts } from '../../../src/services/receive-sms.ts';

const CASES: readonly (readonly [country: Country, from: string, number: string | undefined])[] = [
  ['US', '(212) 555-0110', '+12125550110'],
  ['US', '+4930901820', '+4930901820'],
  ['DE', '030 901820', '+4930901820'],
  ['DE', '+12125550110', '+12125550110'],
  ['DE', '80888', undefined],
  ['GB', '020 7946 0018', '+442079460018'],
];

describe('a sender’s number without +', () => {
  for (const [country, from, number] of CASES) {
    it(`${from}, in ${country}, is ${number ?? 'no number: it is kept all the same, and people are told'}`, async () => {
      const added: Pick<InboxRow, 'from' | 'sender'>[] = [];
      const told: string[] = [];
      const receive = new ReceiveSms({
        inbox: { add: async (row: InboxRow) => (added.push(row), row) },
        lines: new Lines([{ id: 'desk' as LineId, number: '+12125550100' as PhoneNumber, carrier: 'plain', team: [] }]),
        notifier: { tellAdmins: async (text: string) => void told.push(text) },
        country,
        transactions: { run: (work: () => Promise<unknown>) => work() },
        log: silentLogger,
        wakeDeliveries: () => undefined,
        wakeKeywords: () => undefined,
      } as unknown as ReceiveSmsParts);
      await receive.receive('plain', {
        kind: 'message',
        carrierMessageId: '1',
        from,
        to: '+12125550100',
        text: 'hi',
        media: [],
      });
      expect(added.map((row) => row.from ?? row.sender)).to.deep.equal([number ?? from]);
      expect(told).to.have.length(number === undefined ? 1 : 0);
    });
  }
});
