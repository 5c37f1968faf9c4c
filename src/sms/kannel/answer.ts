import type { FailureReason } from '../../model/delivery.ts';
import type { SendResult } from '../../ports/sms-carrier.ts';
import { retryAfterMsOf, type HttpAnswer } from '../http-call.ts';

/**
 * What smsbox's answer means for the text. 202 says that Kannel keeps it, be the network up or not. 4xx will be the same next time, 503 will not (user
 * guide, "SMS Push reply codes"). Any other 5xx may have come after the first part of a long text had left. Kannel's own words may quote the
 * request, so none of them goes on.
 */
export function readKannelAnswer(answer: HttpAnswer): SendResult {
  const { status } = answer;
  const detail = `HTTP ${status}`;
  if (status >= 200 && status < 300) return { outcome: 'accepted' };
  if (status === 503 || status === 429) {
    const retryAfterMs = retryAfterMsOf(answer);
    return { outcome: 'not-sent', detail, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  if (status >= 500) return { outcome: 'unknown', detail };
  return { outcome: 'refused', reason: reasonOf(answer.body.toString('latin1')), detail };
}

/** smsbox.c's own sentences. Everything else that is refused (wrong password, no route, no sender) is for the administrator. */
function reasonOf(words: string): FailureReason {
  if (/garbage 'to' field|missing receiver/i.test(words)) return 'bad-number';
  if (/black-?list|white-?list|denied by/i.test(words)) return 'blocked';
  return 'configuration';
}
