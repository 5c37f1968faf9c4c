import { expect } from 'chai';
import { PermanentError } from '../../../src/errors.ts';
import { chooseRoomVersion } from '../../../src/matrix/room-version.ts';

function capabilities(preferred: string, ...available: string[]): Record<string, unknown> {
  const versions = Object.fromEntries(available.map((version) => [version, 'stable']));
  return { capabilities: { 'm.room_versions': { default: preferred, available: versions } } };
}

describe('room version', () => {
  const all = ['1', '6', '9', '10', '11', '12', '13'];
  const table: readonly (readonly [string, string | undefined, Record<string, unknown>, string | undefined])[] = [
    ["the homeserver's default", undefined, capabilities('11', ...all), '11'],
    ['the configured one', '9', capabilities('12', ...all), '9'],
    ['the best that both know where the default is too old', undefined, capabilities('6', '6', '9', '10'), '10'],
    ['the best that both know where the default is too new', undefined, capabilities('13', ...all), '12'],
    ['none where the homeserver does not have the configured one', '12', capabilities('11', '10', '11'), undefined],
    ['none where the configured one is not supported', '6', capabilities('6', ...all), undefined],
    ['none where nothing fits', undefined, capabilities('6', '6'), undefined],
    ['none where the answer is empty', undefined, {}, undefined],
  ];
  for (const [title, configured, answer, expected] of table) {
    it(title, () => {
      if (expected !== undefined) expect(chooseRoomVersion(configured, answer)).to.equal(expected);
      else expect(() => chooseRoomVersion(configured, answer)).to.throw(PermanentError, 'rooms.version');
    });
  }
});
