import { isIP } from 'node:net';
import type { Check } from './check.ts';

const PRIVATE = /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|\[?(::1|f[cd][0-9a-f]{2}:))/i;

/** Do texts from carriers travel encrypted (E5)? */
export const publicUrl: Check = {
  title: 'look at http.public_url',
  needs: [],
  async run({ config }) {
    const { protocol, hostname } = new URL(config.http.publicUrl);
    const tried = `look at http.public_url (${config.http.publicUrl})`;
    if (protocol === 'https:') return [{ status: 'ok', tried, result: 'carriers reach us encrypted' }];
    const bare = hostname.replace(/^\[|\]$/g, '');
    if (hostname === 'localhost' || (isIP(bare) !== 0 && PRIVATE.test(hostname)) || !hostname.includes('.')) {
      return [{ status: 'ok', tried, result: 'not encrypted, but within this machine or a private network' }];
    }
    const fix = 'put a reverse proxy with TLS in front of it (docs/install.md), and write https:// here';
    return [{ status: 'FAIL', tried, result: "patients' texts would travel unencrypted", fix }];
  },
};
