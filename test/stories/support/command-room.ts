export { bodyOf, CommandRoom, dataOf } from '../../../src/cli/demo/command-room.ts';
