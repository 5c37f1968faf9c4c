import { expect } from 'chai';
import { ADMIN, COMMAND_ROOM, LINES } from '../../support/fakes/test-bridge.ts';
import { addSecurityRoom, SECURITY_ROOM } from '../../support/fakes/security-room.ts';
import { ServicesFixture } from './services-fixture.ts';

const SHORT_CODE = '242424';
const MINUTE = 60_000;

describe('a text of a sender that cannot be answered', () => {
  let fixture: ServicesFixture;
  beforeEach(async () => void (fixture = await ServicesFixture.create()));
  afterEach(() => fixture[Symbol.asyncDispose]());

  const texts = async (body: string, from = SHORT_CODE, carrierMessageId = body) => {
    const media: never[] = [];
    const [{ number: to }] = LINES;
    await fixture.bridge.receive.receive('plain', { kind: 'message', carrierMessageId, from, to, text: body, media });
    await fixture.bridge.pump();
  };
  const command = async (line: string) => {
    const before = fixture.adminsHeard.length;
    await fixture.writes(COMMAND_ROOM, `!care ${line}`, { sender: ADMIN });
    return fixture.adminsHeard.slice(before).join('\n');
  };
  const parked = () => fixture.world.stores.parked.inbox.list(0, 9);
  const security = () => fixture.world.sender.said(SECURITY_ROOM);

  it('is kept and told of once, with what to type; neither the report nor the list has words or sender (A6)', async () => {
    for (let time = 0; time < 3; time++) await texts('Your balance is low');
    await texts('a name instead', 'AMAZON');
    await fixture.restart();
    await fixture.bridge.pump();
    const [first, second] = await parked();
    expect(fixture.adminsHeard).to.have.length(2);
    expect(fixture.adminsHeard[0]).to.equal(
      'A text came to line front-desk from a short code or a sender without a full number, which cannot be answered. It is kept. ' +
        `\`!care parked retry ${first!.reference}\` puts it into the security room, \`!care parked drop ${first!.reference} <why>\` ends it unread. ` +
        `(Reference ${first!.reference})`,
    );
    const list = await command('parked');
    expect(list).to.match(
      /a text on line front-desk: its sender cannot be answered; a retry puts it into the security/,
    );
    expect(list + fixture.adminsHeard.join('')).not.to.match(/balance|242424|AMAZON|name instead/);
    expect(second!.code).to.equal('no-number');
    expect(fixture.world.rooms.rooms, 'no patient’s room').to.have.property('size', 1);
  });

  it('is put into the security room, with its sender, once it is retried, and is then done', async () => {
    await addSecurityRoom(fixture.world);
    await texts('Your balance is low');
    await texts('STOP');
    expect(security()).to.deep.equal([]);
    expect(await command('parked retry all')).to.equal('2 tried again.');
    await fixture.restart();
    await fixture.bridge.pump();
    const from = 'A text to line front-desk from 242424, who cannot be answered:\n';
    expect(security()).to.deep.equal([`${from}Your balance is low`, `${from}STOP`]);
    expect(await command('parked')).to.equal('Nothing is parked.');
    expect(fixture.world.plain.calls, 'nobody is texted back').to.deep.equal([]);
  });

  it('waits for a security room, which is said, and for somebody in it', async () => {
    await texts('Your balance is low');
    const [row] = await parked();
    await command(`parked retry ${row!.reference}`);
    expect(fixture.adminsHeard.at(-1)).to.match(
      /^A text on line front-desk waits: there is no security room to put it into\. `!care setup` makes one\./,
    );
    await addSecurityRoom(fixture.world);
    fixture.world.rooms.rooms.get(SECURITY_ROOM)!.joined.delete(ADMIN);
    await fixture.after(2 * MINUTE);
    expect(security()).to.deep.equal([]);
    fixture.world.rooms.join(SECURITY_ROOM, ADMIN);
    await fixture.after(2 * MINUTE);
    expect(security()).to.have.length(1);
  });

  it('to a number that no line has waits for the line first', async () => {
    await addSecurityRoom(fixture.world);
    await fixture.restart({ lines: LINES.slice(1) });
    await texts('Your balance is low');
    expect(await command('parked retry all')).to.match(/^Not tried again \(1\): no line has the number/);
    await fixture.restart();
    expect(await command('parked retry all')).to.include('1 tried again.');
    expect(security()).to.have.length(1);
  });

  it('is dropped unread, and its words are wiped', async () => {
    await texts('Your balance is low');
    const [row] = await parked();
    const asked = await command(`parked drop ${row!.reference} advertising`);
    const [, code = ''] = /confirm (\w+)/.exec(asked) ?? [];
    expect(await command(`confirm ${code}`)).to.include(`Dropped: ${row!.reference}.`);
    expect(await fixture.world.stores.inbox.find(row!.id)).to.equal(undefined);
  });
});
