import java.util.Map;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes records of 2,000 letters in one batch of more than 1 MB, compressed by Kafka's own client.
 *
 * Arguments: the brokers, the topic, the codec (gzip, snappy, lz4 or zstd), and how many records.
 */
public class CompressedBatches {
  public static void main(String[] arguments) {
    Map<String, Object> config = Map.of(
        "bootstrap.servers", arguments[0],
        "compression.type", arguments[2],
        "batch.size", 8_000_000,
        "max.request.size", 8_000_000,
        "linger.ms", 60_000);
    var text = new StringSerializer();
    try (var producer = new KafkaProducer<>(config, text, text)) {
      var filler = "abcdefghij".repeat(200);
      IntStream.range(0, Integer.parseInt(arguments[3])).forEach(number -> producer.send(
          new ProducerRecord<>(arguments[1], 0, arguments[2] + "-" + number, filler)));
      producer.flush();
    }
    System.exit(0);
  }
}
