/**
 * mocha's dot or spec reporter, which also writes the counts to the file named by CAREBRIDGE_TEST_SUMMARY, with the first line of each
 * failure and the reason of each skipped test (see test/support/skip.ts). CommonJS, because mocha requires its reporters.
 */
const { writeFileSync } = require('node:fs');
const Mocha = require('mocha');

const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING, EVENT_RUN_END } = Mocha.Runner.constants;
const Base = process.env.CAREBRIDGE_TEST_STYLE === 'spec' ? Mocha.reporters.Spec : Mocha.reporters.Dot;

module.exports = class Reporter extends Base {
  constructor(runner, options) {
    super(runner, options);
    const summary = { passed: 0, failed: 0, failures: [], skipped: [] };
    runner.on(EVENT_TEST_PASS, () => (summary.passed += 1));
    runner.on(EVENT_TEST_FAIL, (test, error) => {
      summary.failed += 1;
      summary.failures.push(`${test.fullTitle()}: ${firstLine(error)} (${Math.round((test.duration ?? 0) / 1000)} s)`);
    });
    runner.on(EVENT_TEST_PENDING, (test) => summary.skipped.push(`${test.fullTitle()}: ${reason(test)}`));
    runner.once(EVENT_RUN_END, () => {
      const path = process.env.CAREBRIDGE_TEST_SUMMARY;
      if (path) writeFileSync(path, JSON.stringify(summary));
    });
  }
};

function firstLine(error) {
  return String(error?.message ?? error).split('\n', 1)[0];
}

function reason(test) {
  for (let node = test; node; node = node.parent) if (node.skipReason) return node.skipReason;
  return 'no reason given';
}
