"""Three Python clients behind one set of words.

A line of JSON in is something to do, a line of JSON out is what came of it. What differs between the libraries is in
the three classes; what is said to them is in the cases beside this file.
"""

import asyncio
import hashlib
import json
import sys
import threading
import time

from python_admin import AiokafkaAdmin, ConfluentAdmin, KafkaPythonAdmin


def wanted(record):
    """A record as it is described: text, nothing, or so many bytes."""
    encode = lambda text: None if text is None else text.encode()
    value = record.get("v")
    if isinstance(value, dict):
        value = ("%d:" % value["n"] + "abcdefghijklmnopqrstuvwxyz" * (value["size"] // 26 + 1))[: value["size"]]
    headers = [(name, encode(text)) for name, text in record.get("h", [])]
    return encode(record.get("k")), encode(value), headers


def seen(topic, partition, offset, at, key, value, headers):
    """A record as it was read, in few words."""
    text = lambda data: None if data is None else bytes(data).decode()
    digest = None if value is None else hashlib.sha1(bytes(value)).hexdigest()
    headers = [[name, text(data)] for name, data in headers or []]
    short = text(value) if value is not None and len(value) < 64 else None
    return {"t": topic, "p": partition, "o": offset, "at": at, "k": text(key), "v": digest, "s": short, "h": headers}


class Confluent(ConfluentAdmin):
    """confluent-kafka, which is librdkafka."""

    def __init__(self, servers):
        from confluent_kafka import admin

        self.conf = {"bootstrap.servers": servers, "log_level": 0}
        self.admin = admin.AdminClient(self.conf)
        self.consumers = {}

    def create(self, topic, partitions, replicas):
        from confluent_kafka.admin import NewTopic

        self.admin.create_topics([NewTopic(topic, partitions, replicas)])[topic].result(20)

    def delete(self, topic):
        self.admin.delete_topics([topic])[topic].result(20)

    def topics(self):
        return sorted(self.admin.list_topics(timeout=10).topics)

    def describe(self, topic):
        return len(self.admin.list_topics(topic, timeout=10).topics[topic].partitions)

    def groups(self):
        return sorted(group.group_id for group in self.admin.list_consumer_groups().result(20).valid)

    def producer(self, acks, codec, idempotent):
        from confluent_kafka import Producer

        more = {"enable.idempotence": True} if idempotent else {"acks": acks}
        big = {"message.max.bytes": 1_000_000, "compression.type": codec, "linger.ms": 2}
        return Producer({**self.conf, **more, **big, "delivery.timeout.ms": 60_000})

    def produce(self, topic, partition, acks, codec, idempotent, records):
        producer, places = self.producer(acks, codec, idempotent), [None] * len(records)

        def delivered(index):
            def note(error, message):
                places[index] = str(error) if error else [message.partition(), message.offset()]

            return note

        for index, record in enumerate(records):
            key, value, headers = wanted(record)
            where = {} if partition is None else {"partition": partition}
            when = {"timestamp": record["at"]} if "at" in record else {}
            producer.produce(topic, key=key, value=value, headers=headers, on_delivery=delivered(index), **where, **when)
        producer.flush(60)
        return places

    def stream(self, topic, idempotent, numbers, halted):
        producer, acked, failed = self.producer("all", "none", idempotent), [], []
        for number in numbers:
            if halted.is_set():
                break
            note = lambda error, _, number=number: (failed if error else acked).append(number)
            while True:
                try:
                    producer.produce(topic, key=str(number), value=str(number), on_delivery=note)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
            time.sleep(0.001)
        producer.flush(90)
        return acked, failed

    def join(self, name, topics, group, strategy, settings=None):
        """`settings` are librdkafka's own, and count more than those that all clients have here."""
        from confluent_kafka import Consumer

        conf = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
        conf |= {"partition.assignment.strategy": strategy, "session.timeout.ms": 10_000, "client.id": name}
        # What it learns of a topic that was made a moment ago it learns soon.
        conf |= {"topic.metadata.refresh.interval.ms": 1_000}
        consumer = Consumer({**self.conf, **conf, **(settings or {})})
        consumer.subscribe(topics)
        self.consumers[name] = consumer

    def poll(self, name):
        message = self.consumers[name].poll(0.1)
        if message is None or message.error():
            return []
        found = [message] + [m for m in self.consumers[name].consume(200, 0) if not m.error()]
        at = lambda message: message.timestamp()[1]
        return [seen(m.topic(), m.partition(), m.offset(), at(m), m.key(), m.value(), m.headers()) for m in found]

    def commit(self, name):
        self.consumers[name].commit(asynchronous=False)

    def seek(self, name, topic, partition, offset):
        from confluent_kafka import TopicPartition

        self.consumers[name].seek(TopicPartition(topic, partition, offset))

    def assigned(self, name):
        return sorted([p.topic, p.partition] for p in self.consumers[name].assignment())

    def leave(self, name):
        self.consumers.pop(name).close()


class KafkaPython(KafkaPythonAdmin):
    """kafka-python."""

    def __init__(self, servers):
        from kafka.admin import KafkaAdminClient

        self.conf = {"bootstrap_servers": servers}
        self.admin = KafkaAdminClient(**self.conf)
        self.consumers = {}

    def create(self, topic, partitions, replicas):
        from kafka.admin import NewTopic

        self.admin.create_topics([NewTopic(topic, partitions, replicas)])

    def delete(self, topic):
        self.admin.delete_topics([topic])

    def topics(self):
        return sorted(self.admin.list_topics())

    def describe(self, topic):
        return len(self.admin.describe_topics([topic])[0]["partitions"])

    def groups(self):
        return sorted(group["group_id"] for group in self.admin.list_groups())

    def producer(self, acks, codec, idempotent):
        from kafka import KafkaProducer

        acks = acks if acks == "all" else int(acks)
        codec = None if codec == "none" else codec
        return KafkaProducer(**self.conf, acks=acks, compression_type=codec, enable_idempotence=idempotent)

    def produce(self, topic, partition, acks, codec, idempotent, records):
        producer = self.producer(acks, codec, idempotent)
        futures = []
        for record in records:
            key, value, headers = wanted(record)
            more = {"headers": headers, "partition": partition, "timestamp_ms": record.get("at")}
            futures.append(producer.send(topic, key=key, value=value, **more))
        producer.flush(60)
        places = [self.place(future) for future in futures]
        producer.close()
        return places

    def place(self, future):
        try:
            done = future.get(60)
            return [done.partition, done.offset]
        except Exception as error:
            return repr(error)

    def stream(self, topic, idempotent, numbers, halted):
        producer, acked, failed = self.producer("all", "none", idempotent), [], []
        for number in numbers:
            if halted.is_set():
                break
            try:
                future = producer.send(topic, key=b"%d" % number, value=b"%d" % number)
                future.add_callback(lambda _, number=number: acked.append(number))
                future.add_errback(lambda _, number=number: failed.append(number))
            except Exception:
                failed.append(number)
            time.sleep(0.001)
        producer.flush(90)
        producer.close()
        return acked, failed

    def join(self, name, topics, group, strategy):
        from kafka import KafkaConsumer
        from kafka.coordinator.assignors.range import RangePartitionAssignor
        from kafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

        strategies = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}
        consumer = KafkaConsumer(
            *topics,
            **self.conf,
            group_id=group,
            client_id=name,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            metadata_max_age_ms=1_000,
            session_timeout_ms=10_000,
            partition_assignment_strategy=[strategies[strategy]],
        )
        # It is to know its topics before it joins. Else its first part is empty, and it joins again because of what it
        # learns a moment later. If the poll() that does so ends before that is done (here after 100 ms, on a machine
        # that is busy) kafka-python 3.0.12 never takes the new part: once it has divided the partitions nothing makes
        # need_rejoin() true any more, so join_group_async() does not wait for its join task again. Nor does it send
        # heartbeats, which it stopped for the join.
        for topic in topics:
            consumer.partitions_for_topic(topic)
        self.consumers[name] = consumer

    def poll(self, name):
        found = self.consumers[name].poll(timeout_ms=100).values()
        records = [record for batch in found for record in batch]
        return [seen(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]

    def commit(self, name):
        self.consumers[name].commit()

    def seek(self, name, topic, partition, offset):
        from kafka import TopicPartition

        self.consumers[name].seek(TopicPartition(topic, partition), offset)

    def assigned(self, name):
        return sorted([p.topic, p.partition] for p in self.consumers[name].assignment())

    def leave(self, name):
        self.consumers.pop(name).close()


class Aiokafka(AiokafkaAdmin):
    """aiokafka, on a loop in a thread of its own, so that it also runs while nothing is asked."""

    def __init__(self, servers):
        self.servers, self.consumers, self.starting = servers, {}, {}
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.admin = self.wait(self.new_admin())

    def wait(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(120)

    async def new_admin(self):
        from aiokafka.admin import AIOKafkaAdminClient

        admin = AIOKafkaAdminClient(bootstrap_servers=self.servers)
        await admin.start()
        return admin

    def create(self, topic, partitions, replicas):
        from aiokafka.admin import NewTopic

        answer = self.wait(self.admin.create_topics([NewTopic(topic, partitions, replicas)]))
        wrong = [error for error in answer.topic_errors if error[1]]
        if wrong:
            raise RuntimeError(str(wrong))

    def delete(self, topic):
        self.wait(self.admin.delete_topics([topic]))

    def topics(self):
        return sorted(self.wait(self.admin.list_topics()))

    def describe(self, topic):
        return len(self.wait(self.admin.describe_topics([topic]))[0]["partitions"])

    def groups(self):
        return sorted(group[0] for group in self.wait(self.admin.list_consumer_groups()))

    async def producer(self, acks, codec, idempotent):
        from aiokafka import AIOKafkaProducer

        acks = acks if acks == "all" else int(acks)
        codec = None if codec == "none" else codec
        producer = AIOKafkaProducer(
            bootstrap_servers=self.servers, acks=acks, compression_type=codec, enable_idempotence=idempotent
        )
        await producer.start()
        return producer

    def produce(self, topic, partition, acks, codec, idempotent, records):
        return self.wait(self.produce_all(topic, partition, acks, codec, idempotent, records))

    async def produce_all(self, topic, partition, acks, codec, idempotent, records):
        producer = await self.producer(acks, codec, idempotent)
        futures = []
        for record in records:
            key, value, headers = wanted(record)
            more = {"headers": headers, "partition": partition, "timestamp_ms": record.get("at")}
            futures.append(await producer.send(topic, key=key, value=value, **more))
        await producer.flush()
        done = await asyncio.gather(*futures, return_exceptions=True)
        await producer.stop()
        if acks == "0":
            return [[partition, -1] for _ in records]
        return [repr(one) if isinstance(one, BaseException) else [one.partition, one.offset] for one in done]

    def stream(self, topic, idempotent, numbers, halted):
        return self.wait(self.stream_all(topic, idempotent, numbers, halted))

    async def stream_all(self, topic, idempotent, numbers, halted):
        producer, acked, failed, futures = await self.producer("all", "none", idempotent), [], [], []
        for number in numbers:
            if halted.is_set():
                break
            try:
                futures.append((number, await producer.send(topic, key=b"%d" % number, value=b"%d" % number)))
            except Exception:
                failed.append(number)
            await asyncio.sleep(0.001)
        for number, future in futures:
            try:
                await asyncio.wait_for(future, 90)
                acked.append(number)
            except Exception:
                failed.append(number)
        await producer.stop()
        return acked, failed

    def join(self, name, topics, group, strategy):
        self.consumers[name] = self.wait(self.new_consumer(name, topics, group, strategy))

    async def new_consumer(self, name, topics, group, strategy):
        from aiokafka import AIOKafkaConsumer
        from aiokafka.coordinator.assignors.range import RangePartitionAssignor
        from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor

        strategies = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}
        consumer = AIOKafkaConsumer(
            *topics,
            bootstrap_servers=self.servers,
            group_id=group,
            client_id=name,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            metadata_max_age_ms=1_000,
            session_timeout_ms=10_000,
            partition_assignment_strategy=(strategies[strategy],),
        )
        # Starting waits for a first assignment, which in turn may wait for others that are yet to be asked.
        self.starting[name] = self.loop.create_task(consumer.start())
        return consumer

    def poll(self, name):
        return self.wait(self.poll_once(name))

    async def poll_once(self, name):
        starting = self.starting[name]
        if not starting.done():
            await asyncio.sleep(0.1)
            return []
        # Raises what went wrong with that, if something did.
        starting.result()
        found = await self.consumers[name].getmany(timeout_ms=100, max_records=500)
        records = [record for batch in found.values() for record in batch]
        return [seen(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, r.headers) for r in records]

    def commit(self, name):
        self.wait(self.consumers[name].commit())

    def seek(self, name, topic, partition, offset):
        from aiokafka import TopicPartition

        self.consumers[name].seek(TopicPartition(topic, partition), offset)

    def assigned(self, name):
        return sorted([p.topic, p.partition] for p in self.consumers[name].assignment())

    def leave(self, name):
        self.wait(self.consumers.pop(name).stop())


class Client:
    """What all three are asked, and how."""

    def __init__(self, client):
        self.client, self.streams = client, {}

    def collect(self, names, total, timeout, quiet=0):
        """Reads until so much has come, and then for as long as it shall be quiet."""
        found, until = [], time.time() + timeout
        while len(found) < total and time.time() < until:
            for name in names:
                found += [{**record, "by": name} for record in self.client.poll(name)]
        until = time.time() + quiet
        while time.time() < until:
            for name in names:
                found += [{**record, "by": name} for record in self.client.poll(name)]
        return found

    def stream(self, name, topic, idempotent, first):
        halted, result = threading.Event(), {}

        def work():
            try:
                numbers = range(first, first + 1_000_000)
                result["acked"], result["failed"] = self.client.stream(topic, idempotent, numbers, halted)
            except Exception as error:
                result["error"] = repr(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        self.streams[name] = halted, thread, result

    def halt(self, name):
        halted, thread, result = self.streams.pop(name)
        halted.set()
        thread.join(120)
        if "error" in result:
            raise RuntimeError(result["error"])
        return {"acked": result["acked"], "failed": result["failed"]}

    def do(self, word, **arguments):
        own = getattr(self, word, None) or getattr(self.client, word)
        return own(**arguments)


def main():
    kind, servers = sys.argv[1:]
    libraries = {"confluent-kafka": Confluent, "kafka-python": KafkaPython, "aiokafka": Aiokafka}
    client = Client(libraries[kind](servers))
    print(json.dumps({"ok": "ready"}), flush=True)
    for line in sys.stdin:
        arguments = json.loads(line)
        number = arguments.pop("id")
        try:
            answer = {"id": number, "ok": client.do(arguments.pop("word"), **arguments)}
        except Exception as error:
            answer = {"id": number, "error": "%s: %s" % (type(error).__name__, error)}
        print(json.dumps(answer), flush=True)


main()
