/** Encrypted files at a homeserver. */
import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { BOT, CryptoBridge, GHOST } from '../../../support/crypto-bridge.ts';

const picture = Buffer.from('\u0089PNG a rash');

describe('files in encrypted rooms', function () {
  this.timeout(20_000);
  let bridge: CryptoBridge;

  before(async () => {
    bridge = await CryptoBridge.start();
    await bridge.say('the ghost is there now');
  });

  after(async () => {
    await bridge.stop();
  });

  it('are encrypted before they leave, and come back as they were', async () => {
    const { content, mxc, sha256 } = await bridge.crypto.files.upload(GHOST, {
      bytes: picture,
      contentType: 'image/png',
    });
    expect(content).to.deep.include({ msgtype: 'm.image', info: { mimetype: 'image/png', size: picture.length } });
    expect(content['file']).to.include({ url: mxc, v: 'v2' });
    expect(sha256).to.equal(createHash('sha256').update(picture).digest('hex'));
    const uploads = bridge.homeserver.requests.filter(({ path }) => path === 'upload');
    expect(uploads.at(-1)?.user).to.equal(GHOST);
    expect([...bridge.homeserver.media.values()].at(-1)?.includes('rash')).to.equal(false);

    const file = await bridge.crypto.files.download(content, 1000);
    expect(Buffer.from(file.bytes)).to.deep.equal(picture);
    expect(file.contentType).to.equal('image/png');
    expect(bridge.homeserver.requests.at(-1)).to.include({ user: BOT, method: 'GET' });
  });

  for (const [contentType, msgtype] of [
    ['image/jpeg', 'm.image'],
    ['audio/amr', 'm.audio'],
    ['video/3gpp', 'm.video'],
    ['application/pdf', 'm.file'],
  ] as const) {
    it(`are ${msgtype} for ${contentType}`, async () => {
      const { content } = await bridge.crypto.files.upload(GHOST, { bytes: picture, contentType });
      expect(content['msgtype']).to.equal(msgtype);
    });
  }

  it('are refused where they are too large, whatever the message says', async () => {
    const { content } = await bridge.crypto.files.upload(GHOST, { bytes: picture, contentType: 'image/png' });
    await refused(content, /larger than 5 bytes/, 5);
    await refused({ ...content, info: { mimetype: 'image/png', size: 1 } }, /larger than 5 bytes/, 5);
  });

  it('are refused where the homeserver hands out something else', async () => {
    const { content, mxc } = await bridge.crypto.files.upload(GHOST, { bytes: picture, contentType: 'image/png' });
    bridge.homeserver.media.set(mxc.split('/').at(-1) ?? '', Buffer.from('something else'));
    await refused(content, /its hash is wrong/);
  });

  it('are refused where the message does not name one', async () => {
    const { content } = await bridge.crypto.files.upload(GHOST, { bytes: picture, contentType: 'image/png' });
    const file = content['file'] as Record<string, unknown>;
    const spoilt: unknown[] = [
      undefined,
      { ...file, url: 'https://elsewhere.example/x' },
      { ...file, url: 'mxc://hospital.test/../../admin' },
      { ...file, v: 'v1' },
      { ...file, key: { k: 'short', alg: 'A256CTR' } },
      { ...file, key: undefined },
      { ...file, iv: 1 },
      { ...file, hashes: {} },
    ];
    for (const broken of spoilt) await refused({ ...content, file: broken }, /names no encrypted file/);
    await refused({ ...content, file: { ...file, url: 'mxc://hospital.test/unknown' } }, /404 M_NOT_FOUND/);
  });

  it('have no type that the message made up', async () => {
    const { content } = await bridge.crypto.files.upload(GHOST, { bytes: picture, contentType: 'image/png' });
    const made = { ...content, info: { mimetype: 'text/html; <script>' } };
    expect((await bridge.crypto.files.download(made, 1000)).contentType).to.equal('application/octet-stream');
  });

  async function refused(content: Readonly<Record<string, unknown>>, message: RegExp, maxBytes = 1000): Promise<void> {
    const error: unknown = await bridge.crypto.files.download(content, maxBytes).catch((reason: unknown) => reason);
    expect(error).to.have.property('name', 'PermanentError');
    expect((error as Error).message).to.match(message);
  }
});
