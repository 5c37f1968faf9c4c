const FIXES: Readonly<Record<string, (setting: string) => string>> = {
  EADDRINUSE: (setting) =>
    `Another process listens there: is Carebridge running already? Else choose another port in ${setting}.`,
  EADDRNOTAVAIL: (setting) => `This machine has no such address: use 127.0.0.1 or 0.0.0.0 in ${setting}.`,
  EACCES: (setting) => `Ports below 1024 are reserved: choose a higher one in ${setting}.`,
  ENOTFOUND: (setting) => `The name is unknown: use an IP address in ${setting}.`,
};

/** Why nothing can listen at an address, and what to do. `setting` holds the address in the configuration; `code` is the system's, e.g. `EADDRINUSE`. */
export function whyNotListening(setting: string, host: string, port: number, code = 'unknown'): string {
  const fix = FIXES[code]?.(setting) ?? `Check ${setting}.`;
  return `Cannot listen on ${host}:${port} (${code}). ${fix}`;
}
