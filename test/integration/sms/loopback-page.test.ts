import { expect } from 'chai';
import type { PhoneNumber } from '../../../src/model/phone-number.ts';
import { createSmsCarrier } from '../../../src/sms/index.ts';
import { LoopbackSimulator } from '../../../src/sms/loopback/simulator.ts';
import { ChromiumPage, chromiumIsMissing } from '../../support/chromium.ts';
import { skip } from '../../support/skip.ts';
import { waitFor } from '../../support/wait-for.ts';
import { LOOPBACK_SECRET, TestServer } from '../http/test-server.ts';

const LINE = '+12125550100' as PhoneNumber;
const PATIENT = '+12125550123' as PhoneNumber;

describe('the patients’ phones in a browser', function () {
  this.timeout(60_000);
  const server = new TestServer();
  let simulator: LoopbackSimulator;
  let page: ChromiumPage | undefined;

  before(async function () {
    const reason = chromiumIsMissing();
    if (reason !== undefined) skip(this, reason);
    await server.start();
    simulator = new LoopbackSimulator({
      secret: LOOPBACK_SECRET,
      webhookUrl: `${server.url}/carriers/loopback/webhook`,
      phones: [PATIENT],
      lines: [{ number: LINE, name: 'Front desk' }],
    });
    await simulator.start();
    page = await ChromiumPage.open(`${simulator.url}/`);
  });
  after(async () => {
    await page?.[Symbol.asyncDispose]();
    await simulator?.stop();
    await server.stop();
  });

  const evaluate = (expression: string) => page?.evaluate(expression);
  const see = (what: string, pattern: RegExp) => {
    const text = async () => String(await evaluate('document.body?.innerText'));
    return waitFor(what, async () => pattern.test(await text()), { instead: text });
  };

  it('shows the phone', async () => {
    await see('the number', /\+1 212 555 0123/);
  });

  it('shows what arrives, and that it was delivered', async () => {
    const config = { type: 'loopback', url: simulator.url, secret: LOOPBACK_SECRET } as const;
    const carrier = createSmsCarrier('loopback', config, server.url);
    const text = '<img src=x onerror=alert(1)> é 😀';
    await carrier.send({ id: 'out-1', from: LINE, to: PATIENT, text }, AbortSignal.timeout(5_000));
    await see('the text as it is', /<img src=x onerror=alert\(1\)> é 😀/);
    await see('the ticks', /Front desk · .* · delivered ✓✓/);
    expect(await evaluate('document.querySelectorAll(".texts img").length')).to.equal(0);
  });

  it('texts as the patient, by typing and Enter', async () => {
    await evaluate(`(() => {
      const textarea = document.querySelector('textarea');
      textarea.value = 'Hello from the page';
      textarea.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', cancelable: true }));
    })()`);
    await waitFor('the text', () => [...server.messages.values()].some(({ text }) => text === 'Hello from the page'));
    await see('the tick', /Hello from the page\s+.*taken by Carebridge ✓✓/);
  });

  it('sends a picture', async () => {
    await evaluate(`(async () => {
      const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 30 });
      const blob = await new Promise((resolve) => canvas.toBlob(resolve));
      const files = new DataTransfer();
      files.items.add(new File([blob], 'rash.png', { type: 'image/png' }));
      const input = document.querySelector('input[type=file]');
      input.files = files.files;
      input.dispatchEvent(new Event('change'));
    })()`);
    await waitFor('the picture to be attached', () => evaluate('!document.querySelector(".attached").hidden'));
    await evaluate('document.querySelector(".send").click()');
    await waitFor('the picture', () => [...server.messages.values()].some(({ media }) => media.length === 1));
    await waitFor('it to be shown', () => evaluate('document.querySelector(".texts img")?.naturalWidth === 40'));
  });

  it('switches how the carrier behaves, and shows it', async () => {
    await evaluate('document.querySelector("#modes input[value=down]").click()');
    await waitFor('the switch', () => simulator.mode === 'down');
    await see('what it means', /The carrier answers “try again later” \(503\)/);
  });

  it('switches another phone on, and says what is wrong with a number', async () => {
    const submit = (number: string) => `(() => {
      const form = document.querySelector('.new-phone');
      form.elements.number.value = ${JSON.stringify(number)};
      form.requestSubmit();
    })()`;
    await evaluate(submit('911'));
    await see('the problem', /Not a valid number/);
    await evaluate(submit('(212) 555-0145'));
    await see('the phone', /\+1 212 555 0145/);
  });

  it('fits a narrow screen, and complained of nothing', async () => {
    await page?.resize(360, 740);
    expect(await evaluate('document.documentElement.scrollWidth <= innerWidth')).to.equal(true);
    // The wrong number above is answered 400, which the browser mentions.
    expect(page?.complaints.filter((complaint) => !complaint.includes('400 (Bad Request)'))).to.deep.equal([]);
  });
});
