// Drives the five calls of a backend with every field that the client has, through Fastly's own
// client for JavaScript, and checks the types of what comes back.
const Fastly = require("fastly");
const client = Fastly.ApiClient.instance;
client.authenticate(process.env.HEADWATER_TOKEN);
client.basePath = process.env.HEADWATER_API;
const buildUrl = client.buildUrl.bind(client);
client.buildUrl = (...args) => buildUrl(...args.slice(0, -1), null); // the last one is the call's own address

const assert = require("node:assert/strict");

const { BACKEND_CERT: cert, BACKEND_KEY: key } = process.env;

const sent = {
  address: "127.0.0.1",
  auto_loadbalance: true,
  between_bytes_timeout: 10001,
  comment: "all of it",
  connect_timeout: 1001,
  first_byte_timeout: 15001,
  healthcheck: "ping",
  keepalive_time: 5,
  max_conn: 17,
  max_tls_version: "1.3",
  min_tls_version: "1.2",
  name: "origin/1 é",
  override_host: "origin.test",
  port: 8443,
  prefer_ipv6: true,
  request_condition: "beta",
  share_key: "shared1",
  shield: "",
  ssl_ca_cert: cert,
  ssl_cert_hostname: "cert.test",
  ssl_check_cert: false,
  ssl_ciphers: "ECDHE-RSA-AES128-GCM-SHA256",
  ssl_client_cert: cert,
  ssl_client_key: key,
  ssl_sni_hostname: "sni.test",
  tcp_keepalive_enable: true,
  tcp_keepalive_interval: 11,
  tcp_keepalive_probes: 3,
  tcp_keepalive_time: 301,
  use_ssl: true,
  weight: 55,
};

async function main() {
  const services = new Fastly.ServiceApi();
  const { id } = await services.createService({ name: "js", type: "vcl" });
  const at = { service_id: id, version_id: 1 };
  await new Fastly.ConditionApi().createCondition({ ...at, name: "beta", statement: "req.http.Beta", type: "REQUEST", priority: "10" });
  await new Fastly.HealthcheckApi().createHealthcheck({ ...at, name: "ping", host: "origin.test", path: "/ping" });

  const backends = new Fastly.BackendApi();
  const created = await backends.createBackend({ ...at, ...sent });
  same(created);
  assert.deepEqual([created.service_id, created.version], [id, 1]);
  assert.equal(created.ipv4, "127.0.0.1");

  const got = await backends.getBackend({ ...at, backend_name: sent.name });
  same(got);
  assert.ok(new Date(got.created_at).getTime() > 0);

  const changed = await backends.updateBackend({ ...at, backend_name: sent.name, name: "origin 2", weight: 1, use_ssl: false });
  assert.deepEqual([changed.name, changed.weight, changed.use_ssl, changed.max_conn], ["origin 2", 1, false, 17]);

  const list = await backends.listBackends(at);
  assert.deepEqual(list.map((b) => b.name), ["origin 2"]);

  assert.equal((await backends.deleteBackend({ ...at, backend_name: "origin 2" })).status, "ok");
  assert.deepEqual(await backends.listBackends(at), []);
  await assert.rejects(backends.getBackend({ ...at, backend_name: "origin 2" }), (e) => e.status === 404);

  // The rest of a service's life.
  await new Fastly.DomainApi().createDomain({ ...at, name: "js.test" });
  await backends.createBackend({ ...at, name: "o", address: "127.0.0.1", port: 80 });
  const versions = new Fastly.VersionApi();
  assert.equal((await versions.validateServiceVersion(at)).status, "ok");
  assert.equal((await versions.activateServiceVersion(at)).active, true);
  await assert.rejects(backends.deleteBackend({ ...at, backend_name: "o" }), (e) => e.status === 422);
  assert.equal((await versions.cloneServiceVersion(at)).number, 2);
  await versions.deactivateServiceVersion(at);
  await services.deleteService({ service_id: id });
}

// same checks every field that was sent, by value and so by type.
function same(got) {
  for (const [key, value] of Object.entries(sent)) {
    assert.deepEqual(got[key], value, key);
  }
}

main().then(
  () => console.log("all fields agree"),
  (e) => {
    console.error(e.body ?? e);
    process.exit(1);
  },
);
