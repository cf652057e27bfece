import com.amazonaws.services.schemaregistry.common.configs.GlueSchemaRegistryConfiguration;
import com.amazonaws.services.schemaregistry.serializers.SerializationDataEncoder;
import com.amazonaws.services.schemaregistry.serializers.avro.AvroSerializer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;

/**
 * Writes one event as AWS Glue's serializer frames it, without and with compression, to standard output, a JSON
 * object a line. Asks no registry: the schema version's id is made up.
 *
 * Argument: the folder of ShopOrder.avsc.
 */
public class GlueFrames {
  private static final UUID VERSION = UUID.fromString("0198a4f2-7c1e-7b43-9a51-3d2f6e8c1b07");

  public static void main(String[] arguments) throws Exception {
    var folder = Path.of(arguments[0]);
    var schema = new Schema.Parser().parse(Files.readString(folder.resolve("ShopOrder.avsc")));
    var json = Files.readString(folder.resolve("ShopOrder.json"));
    var decoder = DecoderFactory.get().jsonDecoder(schema, json);
    GenericRecord event = new GenericDatumReader<GenericRecord>(schema).read(null, decoder);
    for (var compression : new String[] {"NONE", "ZLIB"}) {
      var config = new GlueSchemaRegistryConfiguration(
          Map.of("region", "eu-west-1", "compression", compression));
      var value = new SerializationDataEncoder(config)
          .write(new AvroSerializer().serialize(event), VERSION);
      System.out.printf("{\"way\": \"%s\", \"value\": \"%s\", \"headers\": {}}%n",
          compression, HexFormat.of().formatHex(value));
    }
  }
}
