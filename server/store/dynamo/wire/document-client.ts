import type {
  CreateTableCommandInput,
  CreateTableCommandOutput,
  DescribeTableCommandInput,
  DescribeTableCommandOutput,
  DescribeTimeToLiveCommandInput,
  DescribeTimeToLiveCommandOutput,
  UpdateTimeToLiveCommandInput,
  UpdateTimeToLiveCommandOutput,
} from "@aws-sdk/client-dynamodb";
import type {
  BatchGetCommandInput,
  BatchGetCommandOutput,
  BatchWriteCommandInput,
  BatchWriteCommandOutput,
  DeleteCommandInput,
  DeleteCommandOutput,
  GetCommandInput,
  GetCommandOutput,
  PutCommandInput,
  PutCommandOutput,
  QueryCommandInput,
  QueryCommandOutput,
  ScanCommandInput,
  ScanCommandOutput,
} from "@aws-sdk/lib-dynamodb";

/**
 * DynamoDB's operations on items that are plain values, as `@aws-sdk/lib-dynamodb` has them: the contract suite runs on a client
 * over that, too. Of the SDK there are only types here.
 */
export interface DocumentClient {
  /**
   * @throws ServiceError, or the SDK's, whose `name` is DynamoDB's code and that have `$fault`; an error with `$metadata` and without
   * `$fault` when no answer came; others when the request could not be made
   */
  send<O extends Operation>(operation: O, input: Operations[O][0]): Promise<Answered<O>>;
  /** Closes connections as soon as nothing is under way on them. */
  destroy(): void;
}

/** Input and output of each operation, by the name that it has on the wire. */
export interface Operations {
  GetItem: [GetCommandInput, GetCommandOutput];
  PutItem: [PutCommandInput, PutCommandOutput];
  DeleteItem: [DeleteCommandInput, DeleteCommandOutput];
  Query: [QueryCommandInput, QueryCommandOutput];
  Scan: [ScanCommandInput, ScanCommandOutput];
  BatchGetItem: [BatchGetCommandInput, BatchGetCommandOutput];
  BatchWriteItem: [BatchWriteCommandInput, BatchWriteCommandOutput];
  CreateTable: [CreateTableCommandInput, CreateTableCommandOutput];
  DescribeTable: [DescribeTableCommandInput, DescribeTableCommandOutput];
  DescribeTimeToLive: [DescribeTimeToLiveCommandInput, DescribeTimeToLiveCommandOutput];
  UpdateTimeToLive: [UpdateTimeToLiveCommandInput, UpdateTimeToLiveCommandOutput];
}

export type Operation = keyof Operations;

export type Answered<O extends Operation> = Omit<Operations[O][1], "$metadata"> & { readonly $metadata: Metadata };

export interface Metadata {
  /** Requests over the wire, retries included. */
  readonly attempts?: number | undefined;
  readonly httpStatusCode?: number | undefined;
  readonly requestId?: string | undefined;
}
