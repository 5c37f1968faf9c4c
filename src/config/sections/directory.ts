/** The hospital's directory, whose groups give roles. */
import { optional, secret, section, setting, type SectionList } from '../setting.ts';
import { distinguishedName, flag, integer, interval, ldapUrl, path, text, textLike } from '../value-types.ts';

const attribute = textLike('attribute', /^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'the name of an attribute such as uid');

const group = section('A group.', {
  group: setting(distinguishedName, {
    question: 'Which group?',
    example: '"cn=icu-nurses,ou=groups,dc=hospital,dc=example"',
  }),
  role: setting(text, { question: 'Which role do its members have?', example: 'icu-nurse' }),
});

const groups = {
  kind: 'section-list',
  question: 'Which group gives which role? Whoever leaves the group loses the role.',
  isOptional: true,
  item: group,
} as const satisfies SectionList<(typeof group)['children']>;

/** LDAP. Only read. */
export const directory = section('Your LDAP directory (OpenLDAP, Active Directory ...). It is only read.', {
  url: optional(ldapUrl, {
    question: 'Where is it?',
    example: 'ldaps://ldap.hospital.example:636',
    leftOut: 'no directory',
  }),
  start_tls: setting(flag, {
    question: 'Is an ldap:// connection encrypted with StartTLS?',
    more: 'false only on the same machine.',
    fallback: 'true',
  }),
  ca_file: optional(path, {
    question: 'Which file holds the certificate authority that signed its certificate (PEM)?',
    example: 'ldap-ca.pem',
    leftOut: 'the system’s authorities',
  }),
  bind_dn: optional(distinguishedName, {
    question: 'As whom is it read?',
    example: '"cn=carebridge,ou=services,dc=hospital,dc=example"',
    leftOut: 'anonymous',
  }),
  password: secret(text, {
    question: 'With which password?',
    leftOut: 'anonymous',
    example: 'secrets/ldap.password',
  }),
  base: optional(distinguishedName, {
    question: 'Which part of it holds the people?',
    example: '"ou=people,dc=hospital,dc=example"',
    leftOut: 'none; required with url',
  }),
  filter: setting(textLike('filter', /^\(.{1,500}\)$/, 'an LDAP filter in brackets'), {
    question: 'Which entries are people?',
    more: 'Active Directory, without disabled accounts: (&(objectClass=person)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))',
    fallback: '(objectClass=person)',
  }),
  localpart: setting(attribute, {
    question: 'Which attribute holds the name in the Matrix id, nurse of @nurse:hospital.example?',
    more: 'sAMAccountName in Active Directory.',
    fallback: 'uid',
  }),
  uid: setting(attribute, { question: 'Which attribute does memberUid of a posixGroup name?', fallback: 'uid' }),
  groups,
  interval: setting(interval, { question: 'How often is it read?', fallback: '5m' }),
  timeout: setting(interval, { question: 'How long may it take to answer?', fallback: '10s' }),
  page_size: setting(integer(1, 100_000), { question: 'How many entries are asked for at once?', fallback: '500' }),
  most_removals: setting(integer(1, 100), {
    question: 'What percentage of the people with directory roles may lose one in a single sync?',
    more: 'A larger loss is treated as a fault of the directory and waits for confirmation.',
    fallback: '20',
  }),
});
