import { createRequire } from 'node:module';
import { type Brokers, brokerIds, type FetchResponse, type FetchTopic } from './brokers.ts';
import { type Answer, Connection } from './connection.ts';
import type { Group, Joined, Partitions } from './group.ts';
import { connectionError } from './kafkaErrors.ts';
import type { Owner, Scheduler } from './scheduler.ts';

const require = createRequire(import.meta.url);
const { MemberAssignment } = require('kafkajs/src/consumer/assignerProtocol');

/** The servers of a cluster, and who asks them. */
export interface ClusterParts {
  readonly scheduler: Scheduler;
  /** Where kafkajs's consumer hears of its requests. */
  readonly events: { emit(name: string, payload: object): void };
  readonly owner: Owner;
  readonly brokers: Brokers;
  readonly group: Group;
}

/** The first broker coordinates the group, so that commits and fetches share its connection. */
const coordinatorId = brokerIds[0] as number;

/** A topic's partitions and the offset of each, as kafkajs passes them. */
interface TopicOffsets {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly offset: string;
    readonly metadata?: string | null;
  }[];
}

/** Stands in for kafkajs's cluster: what its consumer asks goes to the simulated brokers. */
export class SimulatedCluster {
  readonly #parts: ClusterParts;
  readonly #nodes: ReadonlyMap<number, SimulatedBroker>;
  readonly #committed: Record<string, object> = {};
  #leaders = new Map<string, number>();
  #isConnected = false;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    const isConnected = () => this.#isConnected;
    this.#nodes = new Map(
      brokerIds.map((id) => [id, new SimulatedBroker(id, parts, isConnected)] as const),
    );
  }

  async connect(): Promise<void> {
    this.#isConnected = true;
    await this.#node(coordinatorId).ask((answer: Answer<undefined>) => answer(undefined));
    await this.refreshMetadata();
  }

  async disconnect(): Promise<void> {
    const { scheduler, owner } = this.#parts;
    this.#isConnected = false;
    await new Promise<void>((resolve) => {
      scheduler.schedule(scheduler.delay(), owner, resolve);
    });
  }

  async addMultipleTargetTopics(): Promise<void> {}

  async refreshMetadataIfNecessary(): Promise<void> {}

  async refreshMetadata(): Promise<void> {
    this.#leaders = new Map(
      this.#parts.brokers.logs.map((log) => [`${log.topic}/${log.partition}`, log.leader]),
    );
  }

  removeBroker(): void {}

  getNodeIds(): readonly number[] {
    return brokerIds;
  }

  async findBroker({ nodeId }: { readonly nodeId: number | string }): Promise<SimulatedBroker> {
    return this.#node(Number(nodeId));
  }

  async findGroupCoordinator(): Promise<SimulatedBroker> {
    return this.#node(coordinatorId);
  }

  findTopicPartitionMetadata(topic: string) {
    return this.#parts.brokers.logsOf(topic).map(({ partition }) => ({
      partitionId: partition,
      leader: this.#leaders.get(`${topic}/${partition}`),
      offlineReplicas: [],
    }));
  }

  /** kafkajs keeps these for the whole cluster, from one generation to the next. */
  committedOffsets(): Record<string, object> {
    return this.#committed;
  }

  defaultOffset(): number {
    return -2;
  }

  /** Where partitions begin that nothing was committed of. */
  fetchTopicsOffset(topics: readonly TopicOffsets[]): Promise<readonly TopicOffsets[]> {
    const first = topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition }) => ({ partition, offset: '0' })),
    }));
    return this.#node(coordinatorId).ask((answer: Answer<TopicOffsets[]>) => answer(first));
  }

  #node(id: number): SimulatedBroker {
    return this.#nodes.get(id) as SimulatedBroker;
  }
}

interface MemberRequest {
  readonly memberId: string;
  readonly groupGenerationId: number;
}

/** Stands in for kafkajs's broker, one connection to one of them. */
class SimulatedBroker {
  readonly nodeId: number;
  readonly #parts: ClusterParts;
  readonly #connection: Connection;
  readonly #isUsable: () => boolean;

  constructor(nodeId: number, parts: ClusterParts, isUsable: () => boolean) {
    this.nodeId = nodeId;
    this.#parts = parts;
    this.#isUsable = isUsable;
    this.#connection = new Connection(parts.scheduler, parts.owner);
  }

  isConnected(): boolean {
    return true;
  }

  /** Sends a request, unless kafkajs has closed the connection. */
  ask<Result>(serve: (answer: Answer<Result>) => void): Promise<Result> {
    if (!this.#isUsable()) return Promise.reject(connectionError());
    return this.#connection.request((answer) => this.#parts.brokers.serve(serve, answer));
  }

  fetch({ topics }: { readonly topics: readonly FetchTopic[] }): Promise<FetchResponse> {
    return this.ask((answer) => this.#parts.brokers.fetch(this.nodeId, topics, answer));
  }

  async joinGroup({ memberId }: MemberRequest) {
    const joined = await this.ask((answer: Answer<Joined>) =>
      this.#parts.group.join(memberId, this.#parts.owner, answer),
    );
    return { ...joined, leaderId: 'another', members: [], groupProtocol: 'RoundRobinAssigner' };
  }

  async syncGroup({ memberId, generationId }: Joined) {
    const assignment = await this.#measured('SyncGroup', (answer: Answer<Partitions>) =>
      this.#parts.group.sync(memberId, generationId, answer),
    );
    return { memberAssignment: MemberAssignment.encode({ version: 0, assignment }) };
  }

  heartbeat({ memberId, groupGenerationId }: MemberRequest): Promise<undefined> {
    return this.#measured('Heartbeat', (answer) =>
      answer(this.#parts.group.heartbeat(memberId, groupGenerationId)),
    );
  }

  /** As kafkajs does with every answer, it is told how long it took. */
  async #measured<Result>(
    apiName: string,
    serve: (answer: Answer<Result>) => void,
  ): Promise<Result> {
    const { scheduler, events } = this.#parts;
    const sentAt = scheduler.now;
    const result = await this.ask(serve);
    events.emit('network.request', { apiName, duration: scheduler.now - sentAt });
    return result;
  }

  leaveGroup({ memberId }: MemberRequest): Promise<undefined> {
    return this.ask((answer) => {
      this.#parts.group.remove(memberId);
      answer(undefined);
    });
  }

  offsetCommit(request: MemberRequest & { readonly topics: readonly TopicOffsets[] }) {
    const { memberId, groupGenerationId, topics } = request;
    const commits = topics.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset, metadata }) => ({
        ...{ topic, partition, metadata },
        offset: Number(offset),
      })),
    );
    return this.ask((answer: Answer<undefined>) =>
      answer(this.#parts.group.commit(memberId, groupGenerationId, commits)),
    );
  }

  async offsetFetch({ topics }: { readonly topics: readonly TopicOffsets[] }) {
    const { committed } = this.#parts.group;
    const responses = await this.ask((answer: Answer<TopicOffsets[]>) =>
      answer(
        topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => ({
            partition,
            offset: String(committed.get(`${topic}/${partition}`) ?? -1),
          })),
        })),
      ),
    );
    return { responses };
  }
}
