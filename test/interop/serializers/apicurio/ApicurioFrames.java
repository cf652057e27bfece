import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * Writes one event in each way that Apicurio's serializer has: to a topic, with the way as the key, or, without
 * brokers, to standard output, a JSON object a line.
 *
 * Arguments: the folder of ShopOrder.avsc, the registry's address, the topic, and the brokers or nothing.
 */
public class ApicurioFrames {
  private static final String HEADERS = "apicurio.registry.headers.enabled";
  private static final String ID = "apicurio.registry.use-id";
  /** Without a word of headers, Apicurio 2 uses them and Apicurio 3 does not. */
  private static final Map<String, Map<String, Object>> WAYS = Map.of(
      "default", Map.of(),
      "payload", Map.of(HEADERS, "false"),
      "payload-globalId", Map.of(HEADERS, "false", ID, "globalId"),
      "payload-contentId", Map.of(HEADERS, "false", ID, "contentId"),
      "headers-globalId", Map.of(HEADERS, "true", ID, "globalId"),
      "headers-contentId", Map.of(HEADERS, "true", ID, "contentId"));

  public static void main(String[] arguments) throws Exception {
    var event = readEvent(Path.of(arguments[0]));
    for (var way : WAYS.entrySet()) {
      var config = new HashMap<String, Object>(way.getValue());
      config.put("apicurio.registry.url", arguments[1]);
      config.put("apicurio.registry.auto-register", "true");
      var serializer = new AvroKafkaSerializer<GenericRecord>();
      serializer.configure(config, false);
      if (arguments.length > 3) {
        send(arguments[3], serializer, new ProducerRecord<>(arguments[2], way.getKey(), event));
      } else {
        var headers = new RecordHeaders();
        print(way.getKey(), serializer.serialize(arguments[2], headers, event), headers);
      }
    }
    System.exit(0);
  }

  private static GenericRecord readEvent(Path folder) throws Exception {
    var schema = new Schema.Parser().parse(Files.readString(folder.resolve("ShopOrder.avsc")));
    var json = Files.readString(folder.resolve("ShopOrder.json"));
    var decoder = DecoderFactory.get().jsonDecoder(schema, json);
    return new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
  }

  private static void send(String brokers, AvroKafkaSerializer<GenericRecord> serializer,
      ProducerRecord<String, GenericRecord> record) throws Exception {
    Map<String, Object> config = Map.of("bootstrap.servers", brokers);
    try (var producer = new KafkaProducer<>(config, new StringSerializer(), serializer)) {
      producer.send(record).get();
    }
  }

  private static void print(String way, byte[] value, RecordHeaders headers) {
    var hex = HexFormat.of();
    var fields = new StringBuilder();
    for (Header header : headers) {
      fields.append(fields.isEmpty() ? "" : ", ")
          .append("\"%s\": \"%s\"".formatted(header.key(), hex.formatHex(header.value())));
    }
    System.out.printf("{\"way\": \"%s\", \"value\": \"%s\", \"headers\": {%s}}%n", way,
        hex.formatHex(value), fields);
  }
}
