import { DataTypes } from 'sequelize';

/** The kinds of columns we use. The schema itself is made by `migrations/`; a test compares the two. */
export const text = { type: DataTypes.TEXT, allowNull: false } as const;
export const optionalText = { type: DataTypes.TEXT, allowNull: true } as const;
/** Unix ms. SQLite gives a number, PostgreSQL text: read it with `Number`. */
export const time = { type: DataTypes.BIGINT, allowNull: false } as const;
export const optionalTime = { type: DataTypes.BIGINT, allowNull: true } as const;
export const flag = { type: DataTypes.BOOLEAN, allowNull: false, defaultValue: false } as const;
export const count = { type: DataTypes.INTEGER, allowNull: false, defaultValue: 0 } as const;
export const id = { type: DataTypes.TEXT, allowNull: false, primaryKey: true } as const;
/** Numbers the rows in the order they are committed. */
export const seq = { type: DataTypes.BIGINT, allowNull: false, primaryKey: true, autoIncrement: true } as const;

/** A BIGINT as the dialects give it. */
export type Time = number | string;
