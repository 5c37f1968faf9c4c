/** Our numbers. */
import { optional, section, setting, settingList, type SectionList } from '../setting.ts';
import { phoneNumber, text, textLike, userId } from '../value-types.ts';

const line = section('A line.', {
  id: setting(textLike('text', /^[a-z0-9][a-z0-9-]{0,39}$/, 'made of a-z, 0-9 and -'), {
    question: 'What is it called in commands, logs and metrics?',
    example: 'front-desk',
  }),
  number: setting(phoneNumber, {
    question: 'Which number do patients text?',
    example: '"+12125550100"',
  }),
  carrier: optional(text, {
    question: 'Which of the carriers above?',
    example: 'kannel',
    leftOut: 'the only carrier there is',
  }),
  team: settingList(userId, {
    question: "Who is invited to this line's rooms?",
    isRequired: true,
    example: ['"@nurse:hospital.example"', '"@frontdesk:hospital.example"'],
  }),
});

/** The business numbers, each with its team. */
export const lines = {
  kind: 'section-list',
  question: 'Your business numbers.',
  item: line,
} as const satisfies SectionList<(typeof line)['children']>;
