// node function.mjs PORT MODULE
//
// Calls the `handler` of a Lambda function with each request, as a gateway would: as an HTTP API does (payload 2.0);
// below /v1 as a REST API (1.0); below /base64 with its body encoded; at the path of Invoke with the body as it is.
import { randomUUID } from "node:crypto";
import http from "node:http";
import { pathToFileURL } from "node:url";

const [port, module] = process.argv.slice(2);
const { handler } = await import(pathToFileURL(module));

const eventOf = (path, body) => {
  if (path.endsWith("/invocations")) return JSON.parse(body);
  const requestContext = { requestId: randomUUID() };
  if (path.startsWith("/v1/")) return { path, httpMethod: "POST", body, isBase64Encoded: false, requestContext };
  const isBase64Encoded = path.startsWith("/base64/");
  const sent = isBase64Encoded ? Buffer.from(body).toString("base64") : body;
  return { version: "2.0", rawPath: path, body: sent, isBase64Encoded, requestContext };
};

const server = http.createServer(async (request, response) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const event = eventOf(request.url.split("?")[0], Buffer.concat(parts).toString());
  const awsRequestId = randomUUID();
  const headers = { "content-type": "application/json", "x-amzn-requestid": awsRequestId };
  try {
    const told = await handler(event, { awsRequestId });
    if (told.statusCode) response.writeHead(told.statusCode, told.headers).end(told.body);
    else response.writeHead(200, headers).end(JSON.stringify(told));
  } catch (error) {
    const body = JSON.stringify({ errorType: error.name, errorMessage: error.message });
    response.writeHead(200, { ...headers, "x-amz-function-error": "Unhandled" }).end(body);
  }
});
server.listen(Number(port), "127.0.0.1");
