import type { Model, ModelAttributes, ModelStatic, Sequelize } from 'sequelize';

/**
 * A subclass of `model` that belongs to this connection; `init` on the class itself would take it away from every other connection that the process
 * has open.
 */
export function bindModel<M extends Model>(
  model: ModelStatic<M>,
  tableName: string,
  attributes: ModelAttributes<M, M['_creationAttributes']>,
  sequelize: Sequelize,
): ModelStatic<M> {
  const base = model as unknown as typeof Model & (new () => Model);
  class Bound extends base {}
  // Sequelize writes into what it is given, and the columns' definitions are shared.
  const own = Object.fromEntries(Object.entries(attributes).map(([name, column]) => [name, { ...(column as object) }]));
  Bound.init(own as unknown as ModelAttributes, {
    sequelize,
    tableName,
    modelName: tableName,
    timestamps: false,
    underscored: true,
  });
  return Bound as unknown as ModelStatic<M>;
}
