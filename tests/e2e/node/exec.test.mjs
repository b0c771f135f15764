// npm's @kubernetes/client-node: programs in containers. Run by node_client_test.py beside its node_modules, with KUBECONFIG.
import assert from 'node:assert/strict';
import { PassThrough, Writable } from 'node:stream';
import { after, before, test } from 'node:test';
import * as k8s from '@kubernetes/client-node';

const patience = 60_000;
const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const namespace = 'default';

after(() => { setTimeout(() => process.exit(), 2000).unref(); });

before(async () => {
  await core.createNamespacedPod({ namespace, body: { metadata: { name: 'js-exec' }, spec: {
    containers: [{ name: 'c', image: 'registry.example/web:1.0' }] } } });
  for (const deadline = Date.now() + patience; ;) {
    if ((await core.readNamespacedPod({ name: 'js-exec', namespace })).status.phase === 'Running') return;
    assert.ok(Date.now() < deadline, 'js-exec runs');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

class Text extends Writable {
  text = '';
  _write(chunk, encoding, done) {
    this.text += chunk;
    done();
  }
}

/// What a program writes, and the Status of its end.
async function run(command, input) {
  const out = new Text(), err = new Text();
  const status = await new Promise((resolve, reject) => {
    new k8s.Exec(config).exec(namespace, 'js-exec', 'c', command, out, err, input ?? null, false, resolve).catch(reject);
  });
  return { out: out.text, err: err.text, status };
}

test('exec of a program', async () => {
  const { out, err, status } = await run(['sh', '-c', 'echo fine; echo broken >&2']);
  assert.deepEqual([out, err, status.status], ['fine\n', 'broken\n', 'Success']);
});

test('exec that fails', async () => {
  const { status } = await run(['sh', '-c', 'exit 3']);
  assert.equal(status.reason, 'NonZeroExitCode');
  assert.deepEqual(status.details.causes, [{ reason: 'ExitCode', message: '3' }]);
  const missing = await run(['nonesuch']);
  assert.equal(missing.status.reason, 'InternalError');
  assert.match(missing.status.message, /executable file not found in \$PATH/);
});

test('exec with input', async () => {
  const input = new PassThrough();
  const done = run(['cat'], input);
  input.write('one\n');
  input.end('two\n');
  const { out, status } = await done;
  assert.deepEqual([out, status.status], ['one\ntwo\n', 'Success']);
});

test('attach', async () => {
  const out = new Text();
  const socket = await new k8s.Attach(config).attach(namespace, 'js-exec', 'c', out, null, null, false);
  const closed = new Promise((resolve) => { socket.onclose = resolve; });
  await core.deleteNamespacedPod({ name: 'js-exec', namespace });
  await closed;
  assert.equal(out.text, 'container c of pod default/js-exec ended with exit code 0\n');
});
