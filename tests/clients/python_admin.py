"""What administrators do, by each Python library, behind one set of words."""


class ConfluentAdmin:
    def settings(self, topic):
        from confluent_kafka.admin import ConfigResource, ResourceType

        resource = ConfigResource(ResourceType.TOPIC, topic)
        found = self.admin.describe_configs([resource])[resource].result(20)
        return {name: entry.value for name, entry in found.items()}

    def set(self, topic, name, value):
        from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

        entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
        self.admin.incremental_alter_configs([resource])[resource].result(20)

    def grow(self, topic, count):
        from confluent_kafka.admin import NewPartitions

        self.admin.create_partitions([NewPartitions(topic, count)])[topic].result(20)

    def forget(self, topic, partition, before):
        from confluent_kafka import TopicPartition

        wanted = TopicPartition(topic, partition, before)
        return self.admin.delete_records([wanted])[wanted].result(20).low_watermark

    def bounds(self, topic, partition):
        from confluent_kafka import TopicPartition
        from confluent_kafka.admin import OffsetSpec

        wanted = TopicPartition(topic, partition)
        ask = lambda spec: self.admin.list_offsets({wanted: spec})[wanted].result(20).offset
        return [ask(OffsetSpec.earliest()), ask(OffsetSpec.latest())]

    def leaders(self, topic):
        from confluent_kafka import TopicCollection

        found = self.admin.describe_topics(TopicCollection([topic]))[topic].result(20)
        return [partition.leader.id for partition in found.partitions]

    def members(self, group):
        found = self.admin.describe_consumer_groups([group])[group].result(20)
        return [found.state.name, len(found.members)]

    def coordinator(self, group):
        return self.admin.describe_consumer_groups([group])[group].result(20).coordinator.id

    def committed(self, group, topic):
        from confluent_kafka import ConsumerGroupTopicPartitions

        asked = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group]
        found = asked.result(20).topic_partitions
        return {p.partition: p.offset for p in found if p.topic == topic and p.offset >= 0}

    def move(self, group, topic, partition, offset):
        from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition

        wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition, offset)])
        self.admin.alter_consumer_group_offsets([wanted])[group].result(20)

    def dissolve(self, group):
        self.admin.delete_consumer_groups([group])[group].result(20)

    def cluster(self):
        found = self.admin.describe_cluster().result(20)
        return [len(found.nodes), found.controller.id]


class KafkaPythonAdmin:
    def settings(self, topic):
        from kafka.admin import ConfigResource, ConfigResourceType

        resource = ConfigResource(ConfigResourceType.TOPIC, topic)
        found = self.admin.describe_configs([resource], config_filter="all")
        entries = found["topic"][topic]
        value = lambda entry: entry["value"] if isinstance(entry, dict) else entry
        return {name: value(entry) for name, entry in entries.items()}

    def set(self, topic, name, value):
        from kafka.admin import ConfigResource, ConfigResourceType

        found = self.admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, configs={name: value})])
        wrong = [str(result) for results in found.values() for result in results.values() if result != "OK"]
        if wrong:
            raise RuntimeError(wrong[0])

    def grow(self, topic, count):
        self.admin.create_partitions({topic: count})

    def forget(self, topic, partition, before):
        from kafka import TopicPartition

        wanted = TopicPartition(topic, partition)
        found = self.admin.delete_records({wanted: before})[wanted]
        return found["low_watermark"] if isinstance(found, dict) else found

    def bounds(self, topic, partition):
        from kafka import TopicPartition
        from kafka.admin import OffsetSpec

        wanted = TopicPartition(topic, partition)
        ask = lambda spec: self.admin.list_partition_offsets({wanted: spec})[wanted].offset
        return [ask(OffsetSpec.EARLIEST), ask(OffsetSpec.LATEST)]

    def leaders(self, topic):
        found = self.admin.describe_topics([topic])[0]["partitions"]
        ordered = sorted(found, key=lambda partition: partition["partition_index"])
        return [partition["leader_id"] for partition in ordered]

    def members(self, group):
        found = self.admin.describe_groups([group])[group]
        return [found["group_state"].upper(), len(found["members"])]

    def committed(self, group, topic):
        found = self.admin.list_group_offsets(group)[group]
        return {p.partition: at.offset for p, at in found.items() if p.topic == topic and at.offset >= 0}

    def move(self, group, topic, partition, offset):
        from kafka import TopicPartition
        from kafka.structs import OffsetAndMetadata

        self.admin.alter_group_offsets(group, {TopicPartition(topic, partition): OffsetAndMetadata(offset, "", -1)})

    def dissolve(self, group):
        found = self.admin.delete_groups([group])
        wrong = [str(error) for error in found.values() if error != "OK"] if isinstance(found, dict) else []
        if wrong:
            raise RuntimeError(wrong[0])

    def cluster(self):
        found = self.admin.describe_cluster()
        return [len(found["brokers"]), found["controller_id"]]


class AiokafkaAdmin:
    """Nothing here deletes groups, or moves them."""

    def settings(self, topic):
        from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

        answers = self.wait(self.admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)]))
        return {entry[0]: entry[1] for answer in answers for entry in answer.resources[0][4]}

    def set(self, topic, name, value):
        from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

        resource = ConfigResource(ConfigResourceType.TOPIC, topic, {name: value})
        for answer in self.wait(self.admin.alter_configs([resource])):
            wrong = [found for found in answer.resources if found[0]]
            if wrong:
                raise RuntimeError(str(wrong))

    def grow(self, topic, count):
        from aiokafka.admin import NewPartitions

        answer = self.wait(self.admin.create_partitions({topic: NewPartitions(count)}))
        wrong = [error for error in answer.topic_errors if error[1]]
        if wrong:
            raise RuntimeError(str(wrong))

    def forget(self, topic, partition, before):
        from aiokafka import TopicPartition
        from aiokafka.admin import RecordsToDelete

        wanted = TopicPartition(topic, partition)
        return self.wait(self.admin.delete_records({wanted: RecordsToDelete(before)}))[wanted]

    def leaders(self, topic):
        found = self.wait(self.admin.describe_topics([topic]))[0]["partitions"]
        ordered = sorted(found, key=lambda partition: partition["partition"])
        return [partition["leader"] for partition in ordered]

    def members(self, group):
        found = self.wait(self.admin.describe_consumer_groups([group]))[0].groups[0]
        return [found[2].upper(), len(found[5])]

    def committed(self, group, topic):
        found = self.wait(self.admin.list_consumer_group_offsets(group))
        return {p.partition: at.offset for p, at in found.items() if p.topic == topic and at.offset >= 0}

    def cluster(self):
        found = self.wait(self.admin.describe_cluster())
        return [len(found["brokers"]), found["controller_id"]]
