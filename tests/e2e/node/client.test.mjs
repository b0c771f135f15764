// npm's @kubernetes/client-node: what programs written with it do. Run by node_client_test.py beside its node_modules, with
// KUBECONFIG and, for the restart, KABUKI_PID_FILE (cluster.json of the host).
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { after, test } from 'node:test';
import * as k8s from '@kubernetes/client-node';
import WebSocket from 'isomorphic-ws';

const patience = 60_000;
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const apps = config.makeApiClient(k8s.AppsV1Api);
const batch = config.makeApiClient(k8s.BatchV1Api);
const namespace = 'default';

// A connection that the killed server left half open would hold the process.
after(() => { setTimeout(() => process.exit(), 2000).unref(); });

const map = (name, data = {}, labels = undefined) => ({ metadata: { name, labels }, data });
const contentType = (type) => k8s.setHeaderOptions('Content-Type', type);

async function eventually(condition, what) {
  const deadline = Date.now() + patience;
  for (;;) {
    let last;
    try {
      last = await condition();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline) assert.fail(`${what}: last seen ${last}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/// What the server says of a call that must fail.
async function refusal(call) {
  try {
    await call;
  } catch (error) {
    assert.ok(error instanceof k8s.ApiException, String(error));
    return { code: error.code, ...JSON.parse(error.body) };
  }
  assert.fail('it was not refused');
}

test('one object through its life', async () => {
  const made = await core.createNamespacedConfigMap({ namespace, body: map('js-life', { colour: 'red' }) });
  assert.ok(made.metadata.uid);
  assert.ok(made.metadata.creationTimestamp instanceof Date);
  const read = await core.readNamespacedConfigMap({ name: 'js-life', namespace });
  read.data.size = 'big';
  const replaced = await core.replaceNamespacedConfigMap({ name: 'js-life', namespace, body: read });
  assert.deepEqual(replaced.data, { colour: 'red', size: 'big' });
  assert.equal((await refusal(core.replaceNamespacedConfigMap({ name: 'js-life', namespace, body: read }))).reason, 'Conflict');
  const byJson = await core.patchNamespacedConfigMap(
    { name: 'js-life', namespace, body: [{ op: 'remove', path: '/data/colour' }] });
  assert.deepEqual(byJson.data, { size: 'big' });
  for (const [type, shape] of [[k8s.PatchStrategy.MergePatch, 'round'], [k8s.PatchStrategy.StrategicMergePatch, 'flat']]) {
    const patched = await core.patchNamespacedConfigMap(
      { name: 'js-life', namespace, body: { data: { shape } } }, contentType(type));
    assert.deepEqual(patched.data, { shape, size: 'big' });
  }
  await core.deleteNamespacedConfigMap({ name: 'js-life', namespace });
  assert.equal((await refusal(core.readNamespacedConfigMap({ name: 'js-life', namespace }))).reason, 'NotFound');
});

test('many kinds', async () => {
  await core.createNamespace({ body: { metadata: { name: 'js-kinds' } } });
  const own = { namespace: 'js-kinds' };
  await core.createNamespacedSecret({ ...own, body: { metadata: { name: 's' }, stringData: { a: 'b' } } });
  assert.deepEqual((await core.readNamespacedSecret({ name: 's', ...own })).data, { a: 'Yg==' });
  await core.createNamespacedService({ ...own, body: {
    metadata: { name: 'front' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] } } });
  const service = await core.readNamespacedService({ name: 'front', ...own });
  assert.equal(service.spec.ports[0].targetPort, 'http');
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'registry.example/web:1.0' }] } };
  await batch.createNamespacedCronJob({ ...own, body: {
    metadata: { name: 'yearly' }, spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template } } } } });
  assert.equal((await batch.readNamespacedCronJob({ name: 'yearly', ...own })).spec.concurrencyPolicy, 'Allow');
  const networking = config.makeApiClient(k8s.NetworkingV1Api);
  await networking.createNamespacedIngress({ ...own, body: { metadata: { name: 'way' }, spec: {
    rules: [{ host: 'a.example', http: { paths: [{ path: '/', pathType: 'Prefix',
      backend: { service: { name: 'front', port: { number: 80 } } } }] } }] } } });
  assert.equal((await core.listNode()).items.length, 3);
  await core.deleteNamespace({ name: 'js-kinds' });
  await eventually(async () => !(await core.listNamespace()).items.some((n) => n.metadata.name === 'js-kinds'), 'namespace gone');
});

test('a deployment and its pods', async () => {
  const labels = { app: 'js' };
  await apps.createNamespacedDeployment({ namespace, body: { metadata: { name: 'js' }, spec: {
    replicas: 2, selector: { matchLabels: labels },
    template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'registry.example/web:1.0' }] } } } } });
  const ready = (count) => eventually(async () =>
    (await apps.readNamespacedDeployment({ name: 'js', namespace })).status.readyReplicas === count, `${count} ready`);
  await ready(2);
  const scale = await apps.readNamespacedDeploymentScale({ name: 'js', namespace });
  scale.spec.replicas = 3;
  await apps.replaceNamespacedDeploymentScale({ name: 'js', namespace, body: scale });
  await ready(3);
  const pods = await core.listNamespacedPod({ namespace, labelSelector: 'app=js', fieldSelector: 'status.phase=Running' });
  assert.equal(pods.items.length, 3);
  await apps.deleteNamespacedDeployment({ name: 'js', namespace, propagationPolicy: 'Foreground' });
  await eventually(async () => (await core.listNamespacedPod({ namespace, labelSelector: 'app=js' })).items.length === 0,
    'pods gone');
});

test('lists by pages, deletes a collection', async () => {
  for (let i = 0; i < 5; ++i)
    await core.createNamespacedConfigMap({ namespace, body: map(`js-page-${i}`, {}, { set: 'js-pages' }) });
  const names = [];
  let token;
  do {
    const page = await core.listNamespacedConfigMap({ namespace, labelSelector: 'set=js-pages', limit: 2, _continue: token });
    names.push(...page.items.map((item) => item.metadata.name));
    token = page.metadata._continue;
  } while (token);
  assert.deepEqual(names, [0, 1, 2, 3, 4].map((i) => `js-page-${i}`));
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'set=js-pages' });
  assert.equal((await core.listNamespacedConfigMap({ namespace, labelSelector: 'set=js-pages' })).items.length, 0);
});

test('watch from a version', async () => {
  const list = await core.listNamespacedConfigMap({ namespace });
  await core.createNamespacedConfigMap({ namespace, body: map('js-seen', { a: '1' }) });
  const seen = [];
  let request;
  await new Promise((resolve, reject) => {
    new k8s.Watch(config).watch(`/api/v1/namespaces/${namespace}/configmaps`,
      { resourceVersion: list.metadata.resourceVersion, fieldSelector: 'metadata.name=js-seen' },
      async (type, object) => {
        seen.push([type, object.data.a]);
        if (type === 'ADDED') {
          await core.patchNamespacedConfigMap(
            { name: 'js-seen', namespace, body: [{ op: 'replace', path: '/data/a', value: '2' }] });
        } else if (type === 'MODIFIED') {
          await core.deleteNamespacedConfigMap({ name: 'js-seen', namespace });
        } else {
          resolve();
        }
      }, reject).then((started) => { request = started; });
  });
  request.abort();
  assert.deepEqual(seen, [['ADDED', '1'], ['MODIFIED', '2'], ['DELETED', '2']]);
});

test('watch over a WebSocket', async () => {
  const list = await core.listNamespacedConfigMap({ namespace });
  const query = `watch=1&resourceVersion=${list.metadata.resourceVersion}&fieldSelector=metadata.name%3Djs-socket`;
  const options = {};
  await config.applyToHTTPSOptions(options);
  const server = config.getCurrentCluster().server.replace(/^http/, 'ws');
  const seen = [];
  const socket = new WebSocket(`${server}/api/v1/namespaces/${namespace}/configmaps?${query}`, ['base64.binary.k8s.io'], options);
  await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject); });
  const gone = new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (message, binary) => {
      assert.ok(!binary);
      const event = JSON.parse(message);
      seen.push([event.type, event.object.data.a]);
      if (event.type === 'DELETED') resolve();
    });
  });
  await core.createNamespacedConfigMap({ namespace, body: map('js-socket', { a: '1' }) });
  await core.patchNamespacedConfigMap(
    { name: 'js-socket', namespace, body: [{ op: 'replace', path: '/data/a', value: '2' }] });
  await core.deleteNamespacedConfigMap({ name: 'js-socket', namespace });
  await gone;
  assert.deepEqual(seen, [['ADDED', '1'], ['MODIFIED', '2'], ['DELETED', '2']]);
  assert.equal(socket.protocol, 'base64.binary.k8s.io');
  socket.close(1000);
  const [code] = await new Promise((resolve) => { socket.on('close', (...how) => resolve(how)); });
  assert.equal(code, 1000);
});

test('server-side apply', async () => {
  const objects = k8s.KubernetesObjectApi.makeApiClient(config);
  const apply = (manager, data, force) => objects.patch(
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'js-sided', namespace }, data },
    undefined, undefined, manager, force, k8s.PatchStrategy.ServerSideApply);
  assert.deepEqual((await apply('me', { a: '1', b: '1' })).data, { a: '1', b: '1' });
  assert.deepEqual((await apply('me', { a: '1' })).data, { a: '1' });
  const told = await refusal(apply('you', { a: '2' }));
  assert.equal(told.code, 409);
  assert.deepEqual(told.details.causes.map((cause) => [cause.reason, cause.field]), [['FieldManagerConflict', '.data.a']]);
  assert.deepEqual((await apply('you', { a: '2' }, true)).data, { a: '2' });
});

test('the client of any object', async () => {
  const objects = k8s.KubernetesObjectApi.makeApiClient(config);
  const spec = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'js-any', namespace }, data: { a: '1' } };
  await objects.create(spec);
  assert.deepEqual((await objects.read(spec)).data, { a: '1' });
  assert.ok((await objects.list('v1', 'ConfigMap', namespace)).items.some((item) => item.metadata.name === 'js-any'));
  await objects.delete(spec);
  assert.equal((await refusal(objects.read(spec))).code, 404);
});

const startPod = async (name, annotations = {}, labels = { app: name }) => {
  await core.createNamespacedPod({ namespace, body: { metadata: { name, labels, annotations }, spec: {
    restartPolicy: 'Never', containers: [{ name: 'c', image: 'registry.example/web:1.0' }] } } });
  await eventually(async () => (await core.readNamespacedPod({ name, namespace })).status.conditions?.some(
    (condition) => condition.type === 'Ready' && condition.status === 'True'), `${name} is ready`);
};

test('logs read and followed', async () => {
  await startPod('js-talks', { 'sim.kabuki.io/logs': 'tick {n}', 'sim.kabuki.io/log-every': '100ms', 'sim.kabuki.io/run-time': '2s' });
  const read = (options) => core.readNamespacedPodLog({ name: 'js-talks', namespace, ...options });
  await eventually(async () => (await read({})).includes('tick 3\n'), 'lines');
  assert.equal(await read({ limitBytes: 6 }), 'tick 1');
  assert.match(await read({ tailLines: 1, timestamps: true }), /^\S+Z tick \d+\n$/);
  let text = '';
  const sink = new Writable({ write(chunk, encoding, done) { text += chunk; done(); } });
  await new k8s.Log(config).log(namespace, 'js-talks', 'c', sink, { follow: true });
  await new Promise((resolve) => { sink.on('finish', resolve); sink.on('close', resolve); });
  const lines = text.trim().split('\n');
  assert.ok(lines.length > 10, text);
  assert.deepEqual(lines, lines.map((line, i) => `tick ${i + 1}`));
  assert.equal((await refusal(read({ container: 'nobody' }))).code, 400);
});

test('an eviction waits for its budget', async () => {
  const labels = { app: 'js-guarded' };
  await startPod('js-guarded', {}, labels);
  const policy = config.makeApiClient(k8s.PolicyV1Api);
  await policy.createNamespacedPodDisruptionBudget({ namespace, body: {
    metadata: { name: 'js-guarded' }, spec: { minAvailable: 1, selector: { matchLabels: labels } } } });
  await eventually(async () => (await policy.readNamespacedPodDisruptionBudget(
    { name: 'js-guarded', namespace })).status?.currentHealthy === 1, 'the budget counts');
  const evict = () => core.createNamespacedPodEviction(
    { name: 'js-guarded', namespace, body: { metadata: { name: 'js-guarded', namespace } } });
  const told = await refusal(evict());
  assert.deepEqual([told.code, told.reason], [429, 'TooManyRequests']);
  await policy.deleteNamespacedPodDisruptionBudget({ name: 'js-guarded', namespace });
  await eventually(async () => { await evict(); return true; }, 'it may go');
  await eventually(async () => (await core.listNamespacedPod({ namespace, labelSelector: 'app=js-guarded' })).items.length === 0,
    'it has gone');
});

test('scale by patch, kinds of other groups', async () => {
  const labels = { app: 'js-set' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'registry.example/web:1.0' }] } };
  await apps.createNamespacedStatefulSet({ namespace, body: { metadata: { name: 'js-set' }, spec: {
    serviceName: 'js-set', replicas: 1, selector: { matchLabels: labels }, template } } });
  await apps.patchNamespacedStatefulSetScale({ name: 'js-set', namespace, body: { spec: { replicas: 2 } } },
    contentType(k8s.PatchStrategy.MergePatch));
  await eventually(async () => (await apps.readNamespacedStatefulSet({ name: 'js-set', namespace })).status.readyReplicas === 2,
    'two are ready');
  const autoscaling = config.makeApiClient(k8s.AutoscalingV2Api);
  const made = await autoscaling.createNamespacedHorizontalPodAutoscaler({ namespace, body: { metadata: { name: 'js-set' }, spec: {
    maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'js-set' } } } });
  assert.equal(made.spec.minReplicas, 1);
  await autoscaling.deleteNamespacedHorizontalPodAutoscaler({ name: 'js-set', namespace });
  const claim = await core.createNamespacedPersistentVolumeClaim({ namespace, body: { metadata: { name: 'js-claim' }, spec: {
    accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } });
  assert.equal(claim.spec.storageClassName, 'standard');
  await eventually(async () => (await core.readNamespacedPersistentVolumeClaim({ name: 'js-claim', namespace })).status.phase === 'Bound',
    'bound');
  const leases = config.makeApiClient(k8s.CoordinationV1Api);
  await leases.createNamespacedLease({ namespace, body: { metadata: { name: 'js-lease' },
    spec: { holderIdentity: 'me', renewTime: new k8s.V1MicroTime() } } });
  assert.equal((await leases.readNamespacedLease({ name: 'js-lease', namespace })).spec.holderIdentity, 'me');
  const storage = config.makeApiClient(k8s.StorageV1Api);
  assert.ok((await storage.listStorageClass()).items.some((item) => item.metadata.name === 'standard'));
  await apps.deleteNamespacedStatefulSet({ name: 'js-set', namespace });
});

test('what nodes and pods use', async () => {
  const metrics = new k8s.Metrics(config);
  const nodes = await eventually(async () => { const list = await metrics.getNodeMetrics(); return list.items.length === 3 && list; },
    'use of every node');
  assert.equal(nodes.kind, 'NodeMetricsList');
  await startPod('js-busy', { 'sim.kabuki.io/cpu-use': '150m' });
  const used = await eventually(async () => (await metrics.getPodMetrics(namespace)).items.find(
    (item) => item.metadata.name === 'js-busy'), 'use of the pod');
  assert.equal(used.containers[0].usage.cpu, '150m');
  const top = await k8s.topNodes(core);
  assert.equal(top.length, 3);
});

test('refusals are exceptions that say why', async () => {
  await core.createNamespacedConfigMap({ namespace, body: map('js-twice') });
  const twice = await refusal(core.createNamespacedConfigMap({ namespace, body: map('js-twice') }));
  assert.deepEqual([twice.code, twice.reason, twice.details], [409, 'AlreadyExists', { name: 'js-twice', kind: 'configmaps' }]);
  const invalid = await refusal(core.createNamespacedConfigMap({ namespace, body: map('Bad_Name') }));
  assert.deepEqual([invalid.code, invalid.details.causes.map((cause) => cause.field)], [422, ['metadata.name']]);
  assert.equal((await refusal(core.listNamespacedPod({ namespace, fieldSelector: 'spec.colour=red' }))).code, 400);
  const future = await refusal(core.listNamespacedConfigMap(
    { namespace, resourceVersion: '999999999', resourceVersionMatch: 'Exact' }));
  assert.deepEqual([future.code, future.reason], [504, 'Timeout']);
});

test('an informer follows, and lists again when the server was killed', async () => {
  const labelSelector = 'set=js-informed';
  const create = (name) => core.createNamespacedConfigMap({ namespace, body: map(name, { a: '1' }, { set: 'js-informed' }) });
  await create('js-before');
  const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`,
    () => core.listNamespacedConfigMap({ namespace, labelSelector }), labelSelector);
  const events = [];
  for (const verb of ['add', 'update', 'delete'])
    informer.on(verb, (object) => events.push(`${verb} ${object.metadata.name}`));
  let stopped = false;
  let again = null;
  const start = () => informer.start().catch(restart);
  function restart() {
    if (stopped || again) return;
    again = setTimeout(() => { again = null; start(); }, 50);
  }
  informer.on('error', restart);
  await start();
  const seen = (event) => eventually(() => events.includes(event), event);
  await seen('add js-before');
  await create('js-gone');
  await seen('add js-gone');
  await core.patchNamespacedConfigMap({ name: 'js-gone', namespace, body: [{ op: 'replace', path: '/data/a', value: '2' }] });
  await seen('update js-gone');

  process.kill(JSON.parse(readFileSync(process.env.KABUKI_PID_FILE)).pid, 'SIGKILL');
  await eventually(() => core.deleteNamespacedConfigMap({ name: 'js-gone', namespace }), 'the server is back');
  await seen('delete js-gone');
  await create('js-after');
  await seen('add js-after');
  const known = informer.list(namespace).map((object) => object.metadata.name).sort();
  assert.deepEqual(known, ['js-after', 'js-before']);
  stopped = true;
  await informer.stop();
});
