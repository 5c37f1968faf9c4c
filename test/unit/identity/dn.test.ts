import { expect } from 'chai';
import { escapeDnValue, normalDn, withoutUid } from '../../../src/identity/dn.ts';

describe('normalDn', () => {
  const same: readonly (readonly string[])[] = [
    ['uid=anna,ou=people,dc=h', 'UID = Anna , OU=People;dc=H', 'uid=anna,ou=people,dc=h '],
    ['cn=A\\, B,dc=h', 'cn=a\\2C b,dc=h', 'CN=A\\2c  B,DC=h'],
    ['cn=Müller,dc=h', 'cn=M\\C3\\BCller,dc=h', 'cn=Mu\u0308ller,dc=h'],
    ['cn=x+uid=y,dc=h', 'uid=y+cn=x,dc=h'],
    ['cn=\\ x\\ ,dc=h', 'cn=\\20x\\20,dc=h'],
    ['cn=\\#1,dc=h', 'cn=\\231,dc=h'],
    ['cn=#0403666F6F,dc=h', 'cn=#0403666f6f,dc=h'],
    ['1.2.3=x', '1.2.3 = X'],
    ['', ' '],
  ];
  for (const names of same) {
    it(`makes one of ${names.join(' | ')}`, () => {
      const normal = names.map(normalDn);
      expect(new Set(normal).size, normal.join(' | ')).to.equal(1);
      expect(normal[0]).to.be.a('string');
    });
  }

  for (const [a, b] of [
    ['cn=a\\,dc=h', 'cn=a,dc=h'],
    ['cn=a+cn=b', 'cn=a,cn=b'],
    ['cn=a\\+cn\\=b', 'cn=a+cn=b'],
    ['cn=x,dc=h', 'cn=\\ x,dc=h'],
  ] as const) {
    it(`keeps ${a} and ${b} apart`, () => expect(normalDn(a)).not.to.equal(normalDn(b)));
  }

  for (const dn of ['anna', 'uid=anna,', ',uid=anna', 'uid=anna,people', 'uid=anna\\', 'cn="x"', 'cn=#04zz']) {
    it(`takes ${dn} for none`, () => expect(normalDn(dn)).to.equal(undefined));
  }
});

describe('escapeDnValue', () => {
  for (const value of ['plain', 'Dr. "A", B+C <x>; y=z\\', ' lead', '#lead', 'trail ', 'Müller', 'a\u0000b']) {
    it(`writes ${JSON.stringify(value)} so that it is read as it was`, () => {
      expect(normalDn(`cn=${escapeDnValue(value)},dc=h`)).to.equal(`cn=${escapeDnValue(value.toLowerCase())},dc=h`);
    });
  }
});

describe('withoutUid', () => {
  it('takes the optional UID of a uniqueMember off, and nothing else', () => {
    expect(withoutUid("cn=a,dc=h#'0101'B")).to.equal('cn=a,dc=h');
    expect(withoutUid("cn=a#1,dc=h#''B")).to.equal('cn=a#1,dc=h');
    expect(withoutUid('cn=a,dc=h')).to.equal('cn=a,dc=h');
  });
});
