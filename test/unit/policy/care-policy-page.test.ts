import { expect } from 'chai';
import { PERMISSIONS } from '../../../src/model/permission.ts';
import { read } from '../../support/source-files.ts';

describe('docs/care-policy.md', () => {
  it('has every permission, in the words of the list', () => {
    const page = read('docs/care-policy.md');
    for (const [name, words] of Object.entries(PERMISSIONS)) expect(page).to.include(`| \`${name}\` | ${words} |`);
  });
});
