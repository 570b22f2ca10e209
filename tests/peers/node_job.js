// A job for the binding of node on the engine: transfers at once, ranges, stamps, a watch, a directory.
"use strict";

const assert = require("assert").strict;
const fdb = require("foundationdb");

const ACCOUNTS = 6;
const TASKS = 20;
const TURNS = 20;

fdb.setAPIVersion(720);

async function bank(root) {
	const accounts = root.at(fdb.tuple.pack("accounts")).withKeyEncoding(fdb.encoders.tuple).withValueEncoding(fdb.encoders.json);
	await accounts.doTn(async tn => {
		for (let number = 0; number < ACCOUNTS; number++)
			tn.set([number], 100);
	});
	async function transfer(from, to) {
		await accounts.doTn(async tn => {
			const held = await tn.get([from]);
			const other = await tn.get([to]);
			tn.set([from], held - 1);
			tn.set([to], other + 1);
		});
	}
	async function work(task) {
		for (let turn = 0; turn < TURNS; turn++) {
			await transfer((task + turn) % ACCOUNTS, (task + turn + 1) % ACCOUNTS);
			const rows = await accounts.getRangeAll([]);
			assert.equal(rows.reduce((sum, [, held]) => sum + held, 0), ACCOUNTS * 100);
		}
	}
	await Promise.all(Array.from({length: TASKS}, (_, task) => work(task)));
	const rows = await accounts.getRangeAll([]);
	assert.deepEqual(rows.map(([key]) => key), Array.from({length: ACCOUNTS}, (_, number) => [number]));
}

async function stamps(root) {
	const log = root.at(fdb.tuple.pack("log")).withKeyEncoding(fdb.encoders.tuple).withValueEncoding(fdb.encoders.string);
	for (const word of ["one", "two", "three"])
		await log.doTn(async tn => tn.setVersionstampedKey([fdb.tuple.unboundVersionstamp()], word));
	const words = (await log.getRangeAll([])).map(([, word]) => word);
	assert.deepEqual(words, ["one", "two", "three"]);
	const last = await log.getRangeAll([], undefined, {limit: 1, reverse: true});
	assert.equal(last[0][1], "three");
}

async function watches(root) {
	const keys = root.at("watched/");
	const watch = await keys.getAndWatch("key");
	assert.equal(watch.value, undefined);
	await keys.set("key", "value");
	assert.equal(await watch.promise, true);
}

async function directories(root) {
	const directory = await fdb.directory.createOrOpen(root, ["app", "users"]);
	const users = root.at(directory);
	await users.set("ada", "1815");
	assert.deepEqual((await fdb.directory.listAll(root, ["app"])).map(String), ["users"]);
	assert.equal(String(await root.at(await fdb.directory.open(root, ["app", "users"])).get("ada")), "1815");
}

async function main() {
	const root = fdb.open("memory:node-job");
	for (const part of [bank, stamps, watches, directories])
		await part(root);
	root.close();
	console.log("node: bank, stamps, watches, directories");
}

main().catch(problem => {
	console.error(problem);
	process.exit(1);
});
