import { ArgsType, ClassType, Field, Int, ObjectType } from 'type-graphql';
import type { Page } from '../page';

/** Where a page of a list ends. */
@ObjectType({ description: 'Where a page ends, after the Relay cursor connection specification.' })
export class PageInfo {
  @Field(() => Boolean, { description: 'Whether there is more after this page.' })
  hasNextPage!: boolean;

  @Field(() => Boolean, { description: 'Always false: lists are read forwards only.' })
  hasPreviousPage!: boolean;

  @Field(() => String, { nullable: true, description: 'The first cursor of this page.' })
  startCursor!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The last cursor of this page: give it as `after` to go on.',
  })
  endCursor!: string | null;
}

/** The arguments of every list. */
@ArgsType()
export class ConnectionArgs {
  @Field(() => Int, { nullable: true, description: 'How many items at most: 1 to 60, 60 when left out.' })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'The cursor to go on from: `pageInfo.endCursor` of the page before.',
  })
  after?: string | null;
}

/** What a connection class of `connectionOf` holds. */
export interface Connection<T> {
  nodes: T[];
  edges: { cursor: string; node: T }[];
  pageInfo: PageInfo;
}

/** The GraphQL classes `<Name>Edge` and `<Name>Connection` of a node type. Call once for each node type. */
export const connectionOf = <T extends object>(
  name: string,
  node: () => ClassType<T>,
): ClassType<Connection<T>> => {
  @ObjectType(`${name}Edge`, { description: `One ${name} with its place in the list.` })
  class Edge {
    @Field(() => String, { description: 'The opaque place of this item in the list.' })
    cursor!: string;

    @Field(node, { description: 'The item itself.' })
    node!: T;
  }

  @ObjectType(`${name}Connection`, { description: `A page of a list of ${name}.` })
  class NodeConnection implements Connection<T> {
    @Field(() => [node()], { description: 'The items without their cursors.' })
    nodes!: T[];

    @Field(() => [Edge], { description: 'The items with their cursors.' })
    edges!: Edge[];

    @Field(() => PageInfo, { description: 'Whether and from where to go on.' })
    pageInfo!: PageInfo;
  }
  return NodeConnection;
};

/** A page of a service as a connection; `shape` turns its rows into GraphQL objects. */
export const toConnection = <Row, Node>(page: Page<Row>, shape: (row: Row) => Node): Connection<Node> => {
  const edges = page.nodes.map((row) => ({ cursor: page.cursorOf(row), node: shape(row) }));
  return {
    nodes: edges.map((edge) => edge.node),
    edges,
    pageInfo: {
      hasNextPage: page.hasNextPage,
      hasPreviousPage: false,
      startCursor: edges.at(0)?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
};
