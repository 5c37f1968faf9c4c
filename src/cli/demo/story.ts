/** The main job as a story, played by a real client, a real homeserver and the simulated carrier. Each line is printed when it was seen to happen. */
import type { LoopbackSimulator } from '../../sms/loopback/simulator.ts';
import type { Nurse } from './nurse.ts';

/** Who takes part. */
export interface Cast {
  readonly nurse: Nurse;
  readonly simulator: LoopbackSimulator;
  readonly botUserId: string;
  /** The line's number and the patient's, E.164. */
  readonly lineNumber: string;
  readonly patientNumber: string;
  readonly print: (text: string) => void;
}

/** Plays the story once; throws at the first thing that does not happen. Answers the patient's room. */
export async function playStory({
  nurse,
  simulator,
  botUserId,
  lineNumber,
  patientNumber,
  print,
}: Cast): Promise<string> {
  const begin = performance.now();
  const tell = (who: string, what: string): void => {
    const seconds = ((performance.now() - begin) / 1000).toFixed(2).padStart(6);
    const [first = '', ...rest] = what.split('\n');
    print(`${seconds} s  ${who.padEnd(8)} ${first}`);
    for (const line of rest) print(`${' '.repeat(18)}${line}`);
  };
  const arrives = (part: string) => simulator.waitForText(patientNumber, ({ text }) => text.includes(part), 20_000);
  const botSays = (roomId: string, part: string) =>
    nurse.waitForMessage(
      roomId,
      ({ sender, content }) => sender === botUserId && String(content['body']).includes(part),
    );
  const patientTexts = async (text: string): Promise<void> => {
    tell('patient', `texts: ${text}`);
    await simulator.sendFromPatient({ from: patientNumber, to: lineNumber, text });
  };

  const commandRoom = await nurse.join(await nurse.waitForInvite());
  tell('nurse', 'joins the command room that the bot made');
  await nurse.waitForMember(commandRoom, botUserId);
  const command = await nurse.send(commandRoom, `!care text ${patientNumber} Maria Lopez`);
  tell('nurse', 'types: !care text <number> Maria Lopez');
  const answer = await nurse.waitForMessage(commandRoom, ({ sender }) => sender === botUserId, { after: command });
  tell('bot', `answers: ${String(answer.content['body'])}`);

  const room = await nurse.join(await nurse.waitForInvite((roomId) => roomId !== commandRoom));
  tell('nurse', 'joins the room of the patient');
  const card = await botSays(room, 'Maria Lopez');
  tell('bot', `shows the card:\n${String(card.content['body'])}`);

  tell('phone', `gets: ${(await arrives('Reply YES')).text}`);
  const early = await nurse.send(room, 'Your results are here.');
  tell('nurse', 'writes too early: Your results are here.');
  tell('bot', `replies: ${String((await botSays(room, 'has not answered YES yet')).content['body'])}`);

  await patientTexts('YES');
  tell('bot', `says: ${String((await botSays(room, 'consent to texts is recorded')).content['body'])}`);

  const hello = await nurse.send(room, 'Hello Maria, the doctor can see you on Monday at 9:30. Does that suit you?');
  tell('nurse', 'writes: Hello Maria, the doctor can see you on Monday at 9:30. Does that suit you?');
  tell('phone', `gets: ${(await arrives('Monday')).text}`);
  const ghost = (await nurse.waitForMessage(room, 'YES')).sender;
  await nurse.waitForReceipt(room, ghost, hello);
  tell('nurse', 'sees the read receipt: delivered to the phone');

  await patientTexts('Monday is fine, thank you! 😀');
  const reply = await nurse.waitForMessage(room, 'Monday is fine, thank you! 😀');
  tell('nurse', `reads: ${String(reply.content['body'])} (shield: ${reply.shield})`);

  await patientTexts('STOP');
  tell('phone', `gets: ${(await arrives('no more texts')).text}`);
  await botSays(room, 'opted out (STOP)');
  const late = await nurse.send(room, 'One more thing, Maria.');
  tell('nurse', 'writes: One more thing, Maria.');
  const refusal = await nurse.waitForMessage(room, isReplyTo(late));
  tell('bot', `replies: ${String(refusal.content['body'])}`);

  const leaked = simulator.texts(patientNumber).filter(({ text }) => /One more thing|results are here/.test(text));
  if (leaked.length > 0) throw new Error('A refused message reached the phone.');
  const warnings = nurse.events.warnings();
  if (warnings.length > 0) throw new Error(`The client showed ${warnings.length} warning shields.`);
  if (nurse.shieldOf(early) !== 'none') throw new Error('The nurse’s own message had a warning shield.');
  tell('nurse', `saw ${nurse.events.messages(room).length} events in the room, none with a warning shield`);
  return room;
}

function isReplyTo(eventId: string) {
  return ({ content }: { readonly content: Readonly<Record<string, unknown>> }): boolean => {
    const relation = content['m.relates_to'] as { 'm.in_reply_to'?: { event_id?: string } } | undefined;
    return relation?.['m.in_reply_to']?.event_id === eventId;
  };
}
