// A Probot app that does nothing, served as its documentation says: what `tests.bench.webhook` measures beside us.
import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";

const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const secret = process.env.ENVCLONE_WEBHOOK_SECRET;
const probot = createProbot({ overrides: { appId: 1, privateKey, secret, logLevel: "error" } });
const app = (robot) => robot.on("issue_comment", () => {});
const middleware = await createNodeMiddleware(app, { probot, webhooksPath: "/webhooks/github" });
const server = createServer((request, response) => middleware(request, response));
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
