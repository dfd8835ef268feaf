// The work of the keep-alive articles in a function: puts, an HTTPS GET, ListTables, over a connection that is kept or
// over new ones. It answers a plain Invoke as well as an HTTP API, a REST API and a function URL, and tells of itself
// what loadgen reads: cold start, environment, connections opened, inner times. `python/app.py` does the same.
//
// It needs nothing beside what Lambda's Node.js brings: the AWS SDK, version 3.
import { DynamoDBClient, ListTablesCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { randomUUID } from "node:crypto";
import https from "node:https";

const KIND = process.env.AWS_LAMBDA_INITIALIZATION_TYPE ?? "";
const HEADERS = { "content-type": "application/json" };
const VALUE = "x".repeat(100);

let opened = 0; // connections
let environment = ""; // comes with the first call: a SnapStart snapshot would give all the same one

// Node asks the agent for each new socket, and only then.
const counting = (Agent) =>
  class extends Agent {
    createConnection(...options) {
      opened += 1;
      return super.createConnection(...options);
    }
  };
const HttpsAgent = counting(https.Agent);

// The GET has an agent of its own, as it may go to the host that the puts go to.
const side = (keepAlive) => ({
  agent: new HttpsAgent({ keepAlive }),
  dynamodb: new DynamoDBClient({ requestHandler: { httpsAgent: new HttpsAgent({ keepAlive }) } }),
});
const KEPT = side(true);
const FRESH = side(false);

export const handler = async (event, context) => {
  const [began, before, first] = [performance.now(), opened, environment === ""];
  environment ||= randomUUID();
  const throughHttp = "requestContext" in event;
  let run, told;
  try {
    ({ run, told } = prepared(...(throughHttp ? askedByHttp(event) : askedByInvoke(event))));
  } catch (error) {
    if (!throughHttp) throw error;
    return { statusCode: 400, headers: HEADERS, body: JSON.stringify({ error: error.message }) };
  }
  const start = performance.now();
  Object.assign(told, await run());
  const db = milliseconds(start);
  Object.assign(told, {
    cold: first && KIND !== "provisioned-concurrency", // nobody waits for the start of a provisioned one
    environment,
    initialization_type: KIND,
    request: context.awsRequestId,
    opened: opened - before,
    ms: { db, fn: milliseconds(began) },
  });
  return throughHttp ? asHttp(told) : told;
};

const asHttp = (told) => ({
  statusCode: 200,
  headers: {
    ...HEADERS,
    "x-cold": String(told.cold),
    "x-env": told.environment,
    "x-opened": String(told.opened),
    "server-timing": `fn;dur=${told.ms.fn}, db;dur=${told.ms.db}`,
  },
  body: JSON.stringify(told),
});

const askedByInvoke = (event) => [event.work ?? "orders", event];

// The last part of the path, and the JSON of the body. `rawPath` is of payload 2.0 and of function URLs, `path` of
// payload 1.0.
const askedByHttp = (event) => {
  const path = (event.rawPath || event.path || "").replace(/\/+$/, "");
  const body = event.body || "{}";
  const text = event.isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  return [path.slice(path.lastIndexOf("/") + 1), JSON.parse(text)];
};

// What is to be done, and what of the answer is known before. Throws for what is not allowed.
const prepared = (work, order) => {
  if (order === null || typeof order !== "object" || Array.isArray(order)) {
    throw new Error("the body is not a JSON object");
  }
  const { keepAlive = true, id = randomUUID() } = order;
  if (typeof keepAlive !== "boolean") throw new Error("keepAlive is neither true nor false");
  if (typeof id !== "string" || id.length < 1 || id.length > 100) {
    throw new Error("id is not a text of 1 to 100 characters");
  }
  const told = { id, keepAlive };
  const by = keepAlive ? KEPT : FRESH;
  if (work === "orders") {
    const puts = times(order, "puts", 10);
    return { run: () => put(by.dynamodb, id, puts), told };
  }
  if (work === "tables") {
    const lists = times(order, "lists", 100);
    return { run: () => tables(by.dynamodb, lists), told };
  }
  if (work === "get") return { run: () => get(by.agent), told };
  throw new Error("the work is none of orders, get, tables");
};

const times = (order, name, most) => {
  const value = order[name] ?? 1;
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new Error(`${name} is not a whole number from 1 to ${most}`);
  }
  return value;
};

const put = async (dynamodb, id, puts) => {
  for (let number = 0; number < puts; number += 1) {
    const key = puts === 1 ? id : `${id}#${number}`;
    const Item = { pk: { S: key }, v: { S: VALUE } };
    await dynamodb.send(new PutItemCommand({ TableName: process.env.TABLE, Item }));
  }
  return { puts };
};

const tables = async (dynamodb, lists) => {
  for (let number = 0; number < lists; number += 1) await dynamodb.send(new ListTablesCommand({}));
  return { lists };
};

const get = (agent) =>
  new Promise((resolve, reject) => {
    const request = https.get(process.env.GET_URL, { agent, timeout: 10_000 }, (answer) => {
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode }));
      answer.resume();
    });
    request.on("timeout", () => request.destroy(new Error("no answer to the GET for 10 s")));
    request.on("error", (error) => {
      // the host closed the kept connection while this environment was frozen, and nobody here has seen it yet
      if (request.reusedSocket && error.code === "ECONNRESET") resolve(get(agent));
      else reject(error);
    });
  });

const milliseconds = (since) => Math.round((performance.now() - since) * 1000) / 1000;
