import { expect } from 'chai';
import {
  localpartOf,
  newOpaqueId,
  parseEventId,
  parseRoomId,
  parseUserId,
  serverOf,
  type UserId,
} from '../../../src/model/ids.ts';

const VALID: readonly (readonly [(text: unknown) => unknown, string])[] = [
  [parseUserId, '@nurse:hospital.test'],
  [parseUserId, '@a.b=c/d-e_f+g:h'],
  [parseUserId, '@Old_Style!:hospital.test:8448'],
  [parseUserId, '@nurse:[2001:db8::1]:8448'],
  [parseRoomId, '!abc:hospital.test'],
  [parseRoomId, '!31hneApxJ_1o-63DmFrpeqnkFfWppnzWso1JvH3ogLM'],
  [parseEventId, '$abc:hospital.test'],
  [parseEventId, '$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg'],
];

const INVALID: readonly (readonly [(text: unknown) => unknown, unknown])[] = [
  ...[undefined, null, 7, {}, [], '', 'nurse', '@nurse', '@:hospital.test', '@nurse:', '@nurse:hospital.test '].map(
    (text) => [parseUserId, text] as const,
  ),
  ...['@nu rse:h', '@nurse:hos pital', '@nurse:h\n', '\n@nurse:h', '@nürse:h', `@${'a'.repeat(255)}:h`].map(
    (text) => [parseUserId, text] as const,
  ),
  ...[undefined, '!', '!a b', '#alias:h', '!a\n', `!${'a'.repeat(255)}`, ['!a']].map(
    (text) => [parseRoomId, text] as const,
  ),
  ...[undefined, '$', '$a b', '!room', '$a\n', `$${'a'.repeat(255)}`].map((text) => [parseEventId, text] as const),
];

describe('ids', () => {
  for (const [parse, text] of VALID) {
    it(`${parse.name} takes ${text}`, () => expect(parse(text)).to.equal(text));
  }
  for (const [parse, text] of INVALID) {
    it(`${parse.name} refuses ${JSON.stringify(text)?.slice(0, 40)}`, () => expect(parse(text)).to.equal(undefined));
  }

  it('splits a user id at its first colon', () => {
    const user = '@nurse:hospital.test:8448' as UserId;
    expect([localpartOf(user), serverOf(user)]).to.deep.equal(['nurse', 'hospital.test:8448']);
  });

  it('makes opaque ids of the wanted length that do not repeat', () => {
    const ids = Array.from({ length: 1_000 }, () => newOpaqueId());
    expect(new Set(ids).size).to.equal(1_000);
    for (const id of ids) expect(id).to.match(/^[a-z2-7]{26}$/);
    expect(newOpaqueId(8)).to.have.length(8);
  });
});
