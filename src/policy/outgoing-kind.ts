/**
 * What staff put into a conversation room, reduced to what the bridge does with it.
 *
 * text / file: goes to the patient. command: stays here, with the file that it may be the caption of. ignored: nobody expects it to be sent (key verification, calls' signalling).
 * not-sendable: the team must be told that it stayed here; `why` says what it is and what to do.
 */
export type OutgoingKind =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'file'; readonly text: string }
  /** `isEdit`: an earlier message was changed into it. */
  | { readonly kind: 'command'; readonly text: string; readonly isEdit?: true }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'not-sendable'; readonly why: string };

const FILES = new Set(['m.image', 'm.file', 'm.video', 'm.audio']);

/** Somebody is rung up: a call of Element, and of Element Call by its older and newer name (MSC4075). */
const CALLS =
  /^(m\.call\.(invite|notify)|org\.matrix\.msc4075\.(call\.notify|rtc\.notification)|m\.rtc\.notification)$/;

/** Something that can be seen: not only spaces and characters without a width. */
const SEEN = /[^\s\p{Z}\p{Cc}\p{Cf}\p{M}]/u;

/** Classifies a decrypted event of type `type`. `prefix` is the command prefix, e.g. `!care`. */
export function outgoingKind(type: string, content: Readonly<Record<string, unknown>>, prefix: string): OutgoingKind {
  if (type === 'm.sticker') return notSendable('a sticker cannot be texted. Write it in words.');
  if (type.includes('poll.start')) return notSendable('a poll cannot be texted. Ask the patient in words.');
  if (CALLS.test(type)) return notSendable('calls from this room do not reach the patient. Use the phone.');
  if (type !== 'm.room.message') return { kind: 'ignored' };
  const relation = content['m.relates_to'] as { rel_type?: unknown } | undefined;
  if (relation?.rel_type === 'm.replace' || content['m.new_content'] !== undefined) {
    const edited = editedText(content);
    if (isCommand(edited, prefix)) return { kind: 'command', text: edited.trim(), isEdit: true };
    return notSendable(
      'a text cannot be changed after it was sent. The patient has the first version. Send a new message.',
    );
  }
  const { msgtype } = content;
  if (typeof msgtype !== 'string' || msgtype.startsWith('m.key.verification') || msgtype === 'm.notice') {
    return { kind: 'ignored' };
  }
  const body = typeof content['body'] === 'string' ? content['body'].toWellFormed() : '';
  if (FILES.has(msgtype)) {
    const caption = captionOf(content);
    return isCommand(caption, prefix) ? { kind: 'command', text: caption } : { kind: 'file', text: caption };
  }
  if (msgtype !== 'm.text' && msgtype !== 'm.emote')
    return notSendable('this kind of message cannot be texted. Write it in words.');
  const text = relation === undefined ? body : withoutReplyFallback(body);
  if (isCommand(text, prefix)) return { kind: 'command', text: text.trim() };
  if (!SEEN.test(text)) return notSendable('it has no words in it.');
  return { kind: 'text', text: text.trim() };
}

/** What may stand before a command without showing: spaces, characters without a width, quotation marks and Markdown. */
const UNSEEN_START = /^[\p{Z}\p{C}\p{M}\p{Pi}\p{Pf}"'`*_~>]+/u;
/** Characters that are taken for an exclamation mark at the start of a command. */
const MARKS = /^[!¡ǃ❗❕ꜝ/\\]+\p{Z}*/u;

/**
 * True for the prefix, for what looks like it to the eye, and for anything that starts as a command does, `!` and a letter: a mistyped command
 * must never reach a patient.
 */
function isCommand(text: string, prefix: string): boolean {
  const start = text.normalize('NFKC').replace(UNSEEN_START, '').toLowerCase();
  if (start.startsWith(prefix.toLowerCase()) || /^!+\p{L}/u.test(start)) return true;
  const name = prefix.toLowerCase().replace(MARKS, '');
  const mark = MARKS.exec(start)?.[0] ?? '';
  const rest = start.slice(mark.length);
  return mark !== '' && rest.startsWith(name) && !/^\p{L}/u.test(rest.slice(name.length));
}

/** What an edit makes of the message; what stands outside of it, `* ` before it, is for clients that know no edits. */
function editedText(content: Readonly<Record<string, unknown>>): string {
  const inner = (content['m.new_content'] as { body?: unknown } | null | undefined)?.body;
  const body = typeof inner === 'string' ? inner : content['body'];
  return typeof body === 'string' ? body.toWellFormed().replace(/^\s*\* /, '') : '';
}

/** The words under a file: only where there is a separate file name (Matrix 1.10), since `body` is the file's name otherwise. */
function captionOf(content: Readonly<Record<string, unknown>>): string {
  const { body, filename } = content;
  return typeof body === 'string' && typeof filename === 'string' && body !== filename
    ? body.toWellFormed().trim()
    : '';
}

/** How the quotation begins that older clients put at the top of a reply: `> <@user:server> words`, or `> * <...>` for an emote. */
const QUOTATION = /^> (\* )?<[^>\n]+>/;

/** What older clients quote (it ends with an empty line) is not part of the answer; what somebody quotes in their own words is. */
function withoutReplyFallback(body: string): string {
  if (!QUOTATION.test(body)) return body;
  const end = body.indexOf('\n\n');
  return end === -1 ? body : body.slice(end + 2);
}

function notSendable(why: string): OutgoingKind {
  return { kind: 'not-sendable', why };
}
