// node function.mjs PORT
//
// The work of a function that lists tables, by either SDK for JavaScript, on a port of this machine:
//
//   POST /tables {"sdk": "v2" or "v3", "agent": "default", "keep" or "fresh", "lists": 1 to 100}
//
// `default` leaves the agent to the SDK. Version 2 then reads AWS_NODEJS_CONNECTION_REUSE_ENABLED, once a process.
// DYNAMODB is where the tables are; without it each SDK takes the region's own.
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import AWS from "aws-sdk";
import http from "node:http";
import https from "node:https";
import net from "node:net";

const endpoint = process.env.DYNAMODB;
const region = process.env.AWS_REGION ?? "us-east-1";

let opened = 0; // sockets that this process connected, whoever made them
const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...to) {
  opened += 1;
  return connect.apply(this, to);
};

const agents = {
  default: () => undefined,
  keep: () => new https.Agent({ keepAlive: true }),
  fresh: () => new https.Agent({ keepAlive: false }),
};
const sdks = {
  v2: (agent) => {
    const client = new AWS.DynamoDB({ endpoint, region, httpOptions: agent ? { agent } : {} });
    return () => client.listTables().promise();
  },
  v3: (agent) => {
    const client = new DynamoDBClient({ endpoint, region, requestHandler: agent ? { httpsAgent: agent } : {} });
    return () => client.send(new ListTablesCommand({}));
  },
};
const made = new Map(); // a client of each kind, made at its first call and kept

const handler = async ({ sdk = "v3", agent = "default", lists = 1 }) => {
  if (!Object.hasOwn(sdks, sdk) || !Object.hasOwn(agents, agent) || !(lists >= 1 && lists <= 100)) {
    return [400, {}, { error: "sdk is v2 or v3, agent default, keep or fresh, lists 1 to 100" }];
  }
  const kind = `${sdk} ${agent}`;
  const cold = !made.has(kind);
  if (cold) made.set(kind, sdks[sdk](agents[agent]()));
  const [before, start] = [opened, performance.now()];
  for (let number = 0; number < lists; number += 1) await made.get(kind)();
  const headers = {
    "x-cold": String(cold),
    "x-opened": String(opened - before),
    "server-timing": `db;dur=${(performance.now() - start).toFixed(3)}`,
  };
  return [200, headers, { sdk, agent, lists, opened: opened - before }];
};

const server = http.createServer(async (request, response) => {
  try {
    const parts = [];
    for await (const part of request) parts.push(part);
    const [status, headers, told] = await handler(JSON.parse(Buffer.concat(parts).toString() || "{}"));
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(told));
  } catch (error) {
    response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ error: error.message }));
  }
});
server.keepAliveTimeout = 60_000; // loadgen's own connection outlives the pauses between runs
server.listen(Number(process.argv[2]), "127.0.0.1");
