/** True where a server ACL's pattern takes `server` in: `*` is any letters, `?` is one (Matrix specification, m.room.server_acl). Linear for our short names. */
export function matchesGlob(pattern: string, server: string): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let mark = 0;
  while (from < server.length) {
    const letter = pattern[at];
    if (letter === '*') {
      star = at++;
      mark = from;
    } else if (letter === '?' || letter?.toLowerCase() === server[from]?.toLowerCase()) {
      at++;
      from++;
    } else if (star !== -1) {
      at = star + 1;
      from = ++mark;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

/** A server name as ACLs see it: without its port. */
export function withoutPort(server: string): string {
  return server.replace(/:\d+$/, '');
}

/** True for an address instead of a name. */
export function isIpLiteral(server: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(server) || server.startsWith('[');
}
