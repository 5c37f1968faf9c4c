import type { RoomSnapshot } from '../../model/room-snapshot.ts';
import { isIpLiteral, matchesGlob, withoutPort } from '../server-glob.ts';
import { contentOf, write, type Content, type Rule } from './rule.ts';

/** Which servers may take part. Where every server may, our own is at least not shut out. */
export const serverAcl: Rule = (input) => {
  const { rules, policy, snapshot } = input;
  const content = contentOf(snapshot, 'm.room.server_acl');
  const ours = withoutPort(policy.namespace.domain);
  const { federation } = rules;
  if (federation === 'open') {
    if (content === undefined || (admits(content, ours) && areIpLiteralsRight(content, [ours]))) return [];
    const after = { allow: ['*'], deny: [], allow_ip_literals: true };
    return [
      write(input, { rule: 'server-acl', why: 'our own server was shut out.', type: 'm.room.server_acl', after }),
    ];
  }
  const others = federation === 'own-server' ? [] : federation.map(withoutPort);
  const allowed = [...new Set([ours, ...others])];
  if (content !== undefined && isExactly(content, allowed) && areIpLiteralsRight(content, allowed)) return [];
  const after = { allow: allowed, deny: [], allow_ip_literals: allowed.some(isIpLiteral) };
  const why =
    content === undefined
      ? 'every server could take part.'
      : admits(content, ours)
        ? 'the servers that could take part were not those the policy allows.'
        : 'our own server was shut out.';
  return [write(input, { rule: 'server-acl', why, type: 'm.room.server_acl', after })];
};

/** True where the server ACL lets in users of `domain` alone. */
export function keepsOthersOut(snapshot: RoomSnapshot, domain: string): boolean {
  const content = contentOf(snapshot, 'm.room.server_acl');
  return content !== undefined && isExactly(content, [withoutPort(domain)]);
}

function isExactly(content: Content, allowed: readonly string[]): boolean {
  const { allow, deny = [] } = content;
  if (!Array.isArray(allow) || !Array.isArray(deny)) return false;
  if (allow.length !== allowed.length || !allowed.every((server) => allow.includes(server))) return false;
  return !deny.some((pattern) => typeof pattern !== 'string' || allowed.some((server) => matchesGlob(pattern, server)));
}

function areIpLiteralsRight(content: Content, allowed: readonly string[]): boolean {
  return !(content['allow_ip_literals'] === false && allowed.some(isIpLiteral));
}

function admits({ allow, deny }: Content, server: string): boolean {
  return takesIn(allow, server) && !takesIn(deny, server);
}

function takesIn(patterns: unknown, server: string): boolean {
  return (
    Array.isArray(patterns) && patterns.some((pattern) => typeof pattern === 'string' && matchesGlob(pattern, server))
  );
}
