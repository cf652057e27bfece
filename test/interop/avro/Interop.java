import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoField;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.avro.Conversions;
import org.apache.avro.LogicalTypes;
import org.apache.avro.Schema;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.avro.util.TimePeriod;

/**
 * Avro's own library on the other side of the wire: writes what the connector must read, and reads what it wrote.
 * README.md says how to run it.
 */
public final class Interop {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final GenericData MODEL = model();
  private static final String TEXT = "Zoë à Łódź, 東京 😀 \u0000 \ufffd";

  private final List<JsonNode> fixtures = new ArrayList<>();

  public static void main(String[] arguments) throws IOException {
    Path file = Path.of(arguments[1]);
    if (arguments[0].equals("write")) {
      Interop interop = new Interop();
      interop.writeAll();
      Files.write(file, interop.fixtures.stream().map(JsonNode::toString).toList());
      System.out.println(interop.fixtures.size() + " fixtures written");
    } else {
      System.exit(readAll(Files.readAllLines(file)) == 0 ? 0 : 1);
    }
  }

  private void writeAll() throws IOException {
    numbers();
    textsAndBytes();
    decimals();
    times();
    logicalTypesOnWrongTypes();
    containers();
    unions();
    names();
    singleObject();
  }

  private void numbers() throws IOException {
    for (int value : new int[] {0, -1, 63, -64, 64, 8192, Integer.MAX_VALUE, Integer.MIN_VALUE}) field("int", "\"int\"", value);
    long safe = (1L << 53) - 1;
    for (long value : new long[] {0, -1, 1L << 28, -(1L << 34), 1L << 48, 1L << 49, safe, -safe, safe + 1, safe + 2, -safe - 2,
        1L << 56, Long.MAX_VALUE, Long.MIN_VALUE}) field("long", "\"long\"", value);
    for (double value : new double[] {0, 49.99, 0.1 + 0.2, 1e300, Double.MIN_VALUE, -1.5}) field("double", "\"double\"", value);
    for (float value : new float[] {0, 19.99f, -1e30f}) field("float", "\"float\"", value);
    field("boolean", "\"boolean\"", true);
    field("boolean", "\"boolean\"", false);
    field("null", "\"null\"", null);
  }

  private void textsAndBytes() throws IOException {
    for (String value : new String[] {"", "A-1", TEXT, "x".repeat(300)}) field("string", "\"string\"", value);
    field("a Java string", "{\"type\":\"string\",\"avro.java.string\":\"String\"}", TEXT);
    field("bytes", "\"bytes\"", ByteBuffer.wrap(new byte[] {0, -1, 127}));
    field("bytes, none", "\"bytes\"", ByteBuffer.wrap(new byte[0]));
    Schema fixed = Schema.createFixed("F", null, null, 3);
    field("fixed", fixed.toString(), new GenericData.Fixed(fixed, new byte[] {1, 2, -3}));
    Schema status = Schema.createEnum("Status", null, "com.shop", List.of("NEW", "PAID", "SHIPPED"));
    for (String symbol : status.getEnumSymbols()) field("enum", status.toString(), new GenericData.EnumSymbol(status, symbol));
    field("uuid on string", "{\"type\":\"string\",\"logicalType\":\"uuid\"}", UUID.fromString("0f8fad5b-d9cb-469f-a165-70867728950e"));
    field("uuid on fixed", "{\"type\":\"fixed\",\"name\":\"U\",\"size\":16,\"logicalType\":\"uuid\"}",
        UUID.fromString("ffffffff-d9cb-469f-a165-70867728950e"));
  }

  private void decimals() throws IOException {
    String bytes = "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":40,\"scale\":%d}";
    String fixed = "{\"type\":\"fixed\",\"name\":\"D\",\"size\":17,\"logicalType\":\"decimal\",\"precision\":40,\"scale\":%d}";
    for (String text : new String[] {"0", "0.01", "-0.01", "1.27", "1.28", "-1.28", "-1.29", "49.90", "90071992547409.93",
        "12345678901234567890123456789012345678.90", "-12345678901234567890123456789012345678.90"}) {
      BigDecimal value = new BigDecimal(text).setScale(2);
      field("decimal on bytes", bytes.formatted(2), value);
      field("decimal on fixed", fixed.formatted(2), value);
    }
    field("decimal of scale 0", bytes.formatted(0), new BigDecimal("-7"));
    field("decimal of scale 40", bytes.formatted(40), new BigDecimal("0.1234567890123456789012345678901234567890"));
    for (String text : new String[] {"0", "1.10", "-0.000000001", "1E+20", "123456789012345678901234567890.123456789", "1E-300"}) {
      field("big-decimal", "{\"type\":\"bytes\",\"logicalType\":\"big-decimal\"}", new BigDecimal(text));
    }
  }

  private void times() throws IOException {
    Instant[] instants = {Instant.parse("2026-11-24T08:00:00.123456789Z"), Instant.EPOCH, Instant.parse("1969-12-31T23:59:59.999999999Z"),
        Instant.parse("1754-08-30T22:43:41.128Z"), Instant.parse("2200-02-28T00:00:00Z")};
    Map<String, ChronoUnit> units = Map.of("millis", ChronoUnit.MILLIS, "micros", ChronoUnit.MICROS, "nanos", ChronoUnit.NANOS);
    for (String unit : new TreeMap<>(units).keySet()) {
      String type = "{\"type\":\"long\",\"logicalType\":\"%stimestamp-" + unit + "\"}";
      for (Instant instant : instants) {
        Instant cut = instant.truncatedTo(units.get(unit));
        field("timestamp-" + unit, type.formatted(""), cut);
        field("local-timestamp-" + unit, type.formatted("local-"), LocalDateTime.ofInstant(cut, ZoneOffset.UTC));
      }
    }
    for (String date : new String[] {"2026-11-24", "1970-01-01", "1815-12-10", "9999-12-31"}) {
      field("date", "{\"type\":\"int\",\"logicalType\":\"date\"}", LocalDate.parse(date));
    }
    LocalTime time = LocalTime.parse("23:59:59.999999");
    field("time-millis", "{\"type\":\"int\",\"logicalType\":\"time-millis\"}", time.truncatedTo(ChronoUnit.MILLIS));
    field("time-micros", "{\"type\":\"long\",\"logicalType\":\"time-micros\"}", time);
    String duration = "{\"type\":\"fixed\",\"name\":\"Span\",\"size\":12,\"logicalType\":\"duration\"}";
    field("duration", duration, TimePeriod.of(1, 2, 3));
    field("duration", duration, TimePeriod.of(0xffffffffL, 0, 0x80000000L));
  }

  private void logicalTypesOnWrongTypes() throws IOException {
    field("date on long", "{\"type\":\"long\",\"logicalType\":\"date\"}", 5L);
    field("timestamp on int", "{\"type\":\"int\",\"logicalType\":\"timestamp-millis\"}", 5);
    field("decimal on string", "{\"type\":\"string\",\"logicalType\":\"decimal\",\"precision\":4,\"scale\":2}", "1.5");
    field("decimal without precision", "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"scale\":2}", ByteBuffer.wrap(new byte[] {1, 2}));
    String narrow = "{\"type\":\"fixed\",\"name\":\"D2\",\"size\":2,\"logicalType\":\"decimal\",\"precision\":5,\"scale\":2}";
    field("decimal wider than its fixed", narrow, new GenericData.Fixed(new Schema.Parser().parse(narrow), new byte[] {1, 2}));
    String small = "{\"type\":\"fixed\",\"name\":\"U8\",\"size\":8,\"logicalType\":\"uuid\"}";
    field("uuid on a small fixed", small, new GenericData.Fixed(new Schema.Parser().parse(small), new byte[8]));
    field("an unknown one", "{\"type\":\"string\",\"logicalType\":\"email\"}", "a@b");
  }

  private void containers() throws IOException {
    Schema line = new Schema.Parser().parse("{\"type\":\"record\",\"name\":\"Line\",\"fields\":["
        + "{\"name\":\"sku\",\"type\":\"string\"},{\"name\":\"price\",\"type\":[\"null\",\"double\"]}]}");
    List<GenericRecord> lines = IntStream.range(0, 40).mapToObj((index) -> {
      GenericRecord record = new GenericData.Record(line);
      record.put("sku", "S-" + index);
      record.put("price", index % 3 == 0 ? null : index / 4.0);
      return record;
    }).toList();
    String array = "{\"type\":\"array\",\"items\":" + line + "}";
    paths("array", array, lines, "field", "field[0].sku", "field[39].price", "field[40].sku", "field[*].sku", "field[*].price");
    paths("array, none", array, List.of(), "field", "field[0]", "field[*].sku");
    field("array of longs", "{\"type\":\"array\",\"items\":\"long\"}", List.of(1L, Long.MAX_VALUE, -5L));
    field("array of nothings", "{\"type\":\"array\",\"items\":\"null\"}", Arrays.asList(null, null, null));
    paths("array of arrays", "{\"type\":\"array\",\"items\":{\"type\":\"array\",\"items\":\"int\"}}",
        List.of(List.of(1, 2), List.of(), List.of(3)), "field", "field[*][*]", "field[0][1]", "field[*][0]");
    Map<String, Object> entries = new LinkedHashMap<>();
    for (String key : new String[] {"clickId", "utm.source", "Zoë", "", "constructor", "__proto__"}) entries.put(key, "value of " + key);
    paths("map", "{\"type\":\"map\",\"values\":\"string\"}", entries, "field", "field.clickId", "field['utm.source']", "field.Zoë",
        "field.nothing", "field.constructor", "field.__proto__");
    Map<String, Object> big = new LinkedHashMap<>();
    for (int index = 0; index < 60; index += 1) big.put("key" + index, lines.subList(0, index % 4));
    paths("map of arrays", "{\"type\":\"map\",\"values\":" + array + "}", big, "field.key59[2].sku", "field.key1[*].sku", "field.key0[*].sku");
  }

  private void unions() throws IOException {
    String card = "{\"type\":\"record\",\"name\":\"Card\",\"fields\":[{\"name\":\"last4\",\"type\":\"string\"},{\"name\":\"sum\",\"type\":\"int\"}]}";
    String cash = "{\"type\":\"record\",\"name\":\"Cash\",\"fields\":[{\"name\":\"sum\",\"type\":\"long\"}]}";
    String type = "[\"null\"," + card + "," + cash + ",\"string\"]";
    Schema union = new Schema.Parser().parse(type);
    GenericRecord paid = new GenericData.Record(union.getTypes().get(1));
    paid.put("last4", "1234");
    paid.put("sum", 7);
    GenericRecord given = new GenericData.Record(union.getTypes().get(2));
    given.put("sum", Long.MAX_VALUE);
    for (Object value : new Object[] {null, paid, given, "voucher"}) paths("union", type, value, "field", "field.sum", "field.last4");
    field("union of numbers", "[\"long\",\"double\"]", 0.5);
    field("union of numbers", "[\"long\",\"double\"]", Long.MAX_VALUE);
    field("nullable decimal", "[\"null\",{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}]", new BigDecimal("49.99"));
    Schema node = new Schema.Parser().parse("{\"type\":\"record\",\"name\":\"Node\",\"fields\":[{\"name\":\"name\",\"type\":\"string\"},"
        + "{\"name\":\"children\",\"type\":{\"type\":\"array\",\"items\":\"Node\"}},{\"name\":\"parent\",\"type\":[\"null\",\"Node\"]}]}");
    paths("recursion", node.toString(), tree(node, 4), "field", "field.name", "field.children[1].children[0].name", "field.children[*].children[*].name",
        "field.parent.parent.name");
  }

  private static GenericRecord tree(Schema node, int depth) {
    GenericRecord record = new GenericData.Record(node);
    record.put("name", "depth " + depth);
    record.put("children", depth == 0 ? List.of() : List.of(tree(node, depth - 1), tree(node, depth - 1)));
    record.put("parent", depth == 0 ? null : tree(node, depth - 1));
    return record;
  }

  /** Names in namespaces, as the specification resolves them. */
  private void names() throws IOException {
    String inner = "{\"type\":\"record\",\"name\":\"com.other.Money\",\"fields\":[{\"name\":\"amount\",\"type\":\"int\"},"
        + "{\"name\":\"code\",\"type\":{\"type\":\"enum\",\"name\":\"Code\",\"symbols\":[\"EUR\"]}}]}";
    String type = "{\"type\":\"record\",\"name\":\"Pair\",\"namespace\":\"com.shop\",\"fields\":[{\"name\":\"one\",\"type\":" + inner
        + "},{\"name\":\"two\",\"type\":\"com.other.Money\"},{\"name\":\"code\",\"type\":\"com.other.Code\"}]}";
    Schema schema = new Schema.Parser().parse(type);
    Schema money = schema.getField("one").schema();
    GenericRecord amount = new GenericData.Record(money);
    amount.put("amount", 7);
    amount.put("code", new GenericData.EnumSymbol(money.getField("code").schema(), "EUR"));
    GenericRecord pair = new GenericData.Record(schema);
    pair.put("one", amount);
    pair.put("two", amount);
    pair.put("code", amount.get("code"));
    paths("names", type, pair, "field", "field.two.amount", "field.code");
  }

  private void singleObject() throws IOException {
    for (String name : new String[] {"Event", "com.shop.Event"}) {
      Schema schema = eventSchema(name, "{\"type\":\"record\",\"name\":\"Money\",\"doc\":\"é\",\"aliases\":[\"Sum\"],\"fields\":[{\"name\":\"amount\","
          + "\"type\":[\"null\",{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}],\"default\":null,\"order\":\"ignore\"}]}");
      GenericRecord money = new GenericData.Record(schema.getField("field").schema());
      money.put("amount", new BigDecimal("49.99"));
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      new BinaryMessageEncoder<GenericRecord>(MODEL, schema).encode(event(schema, money), bytes);
      byte[] payload = Arrays.copyOfRange(bytes.toByteArray(), 10, bytes.size());
      add("single-object", schema, bytes.toByteArray(), read(schema, payload), "field.amount");
    }
  }

  private void field(String name, String type, Object value) throws IOException {
    paths(name, type, value, "field");
  }

  /** One fixture with plain blocks, and where blocks make a difference one with blocks that say their sizes. */
  private void paths(String name, String type, Object value, String... paths) throws IOException {
    Schema schema = eventSchema("Event", type);
    byte[] plain = encode(schema, value, (bytes) -> EncoderFactory.get().binaryEncoder(bytes, null));
    add(name, schema, plain, read(schema, plain), paths);
    byte[] blocks = encode(schema, value, (bytes) -> new EncoderFactory().configureBlockSize(64).blockingBinaryEncoder(bytes, null));
    if (!Arrays.equals(plain, blocks)) add(name + ", blocks with sizes", schema, blocks, read(schema, blocks), paths);
  }

  private static Schema eventSchema(String name, String type) {
    return new Schema.Parser().parse("{\"type\":\"record\",\"name\":\"" + name + "\",\"fields\":[{\"name\":\"before\",\"type\":\"string\"},"
        + "{\"name\":\"field\",\"type\":" + type + "},{\"name\":\"after\",\"type\":\"long\"}]}");
  }

  private static GenericRecord event(Schema schema, Object value) {
    GenericRecord event = new GenericData.Record(schema);
    event.put("before", "b");
    event.put("field", value);
    event.put("after", 1L << 40);
    return event;
  }

  private static byte[] encode(Schema schema, Object value, Function<OutputStream, BinaryEncoder> encoderTo) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    BinaryEncoder encoder = encoderTo.apply(bytes);
    new GenericDatumWriter<GenericRecord>(schema, MODEL).write(event(schema, value), encoder);
    encoder.flush();
    return bytes.toByteArray();
  }

  private static GenericRecord read(Schema schema, byte[] payload) throws IOException {
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(payload, null);
    GenericRecord event = new GenericDatumReader<GenericRecord>(schema, schema, MODEL).read(null, decoder);
    if (!decoder.isEnd()) throw new IOException("bytes are left over");
    return event;
  }

  private void add(String name, Schema schema, byte[] bytes, GenericRecord event, String... paths) throws IOException {
    ObjectNode fixture = JSON.objectNode();
    fixtures.add(fixture);
    fixture.put("name", name);
    fixture.set("schema", MAPPER.readTree(schema.toString()));
    fixture.put("bytes", HexFormat.of().formatHex(bytes));
    ObjectNode values = fixture.putObject("values");
    for (String path : paths) values.set(path, at(event, path));
  }

  /** What a path leads to, worked out here from Java's values. */
  private static JsonNode at(GenericRecord event, String path) {
    List<Object> values = List.of(event);
    boolean gathers = path.contains("[*]");
    Matcher steps = Pattern.compile("\\[\\*]|\\[\\d+]|(?<=\\[')[^']+(?='])|[^.\\[\\]']+").matcher(path);
    while (steps.find()) {
      String step = steps.group();
      List<Object> next = new ArrayList<>();
      for (Object value : values) {
        if (step.equals("[*]") && value instanceof List<?> items) next.addAll(items);
        else if (step.startsWith("[") && value instanceof List<?> items) {
          int index = Integer.parseInt(step.substring(1, step.length() - 1));
          if (index < items.size()) next.add(items.get(index));
        } else if (value instanceof GenericRecord record && record.hasField(step)) next.add(record.get(step));
        else if (value instanceof Map<?, ?> map) map.forEach((key, entry) -> {
          if (key.toString().equals(step)) next.add(entry);
        });
      }
      values = next;
    }
    if (!gathers) return values.isEmpty() ? JSON.nullNode() : toJson(values.get(0));
    ArrayNode gathered = JSON.arrayNode();
    values.stream().filter((value) -> value != null).forEach((value) -> gathered.add(toJson(value)));
    return gathered;
  }

  /** Values that JSON has no word for stand in an object under one. */
  private static JsonNode toJson(Object value) {
    if (value == null) return JSON.nullNode();
    if (value instanceof Boolean flag) return JSON.booleanNode(flag);
    if (value instanceof Integer number) return JSON.numberNode(number);
    if (value instanceof Long number) return tagged("long", number.toString());
    if (value instanceof Float number) return number(number);
    if (value instanceof Double number) return number(number);
    if (value instanceof BigDecimal number) return tagged("decimal", number.stripTrailingZeros().toPlainString());
    if (value instanceof ByteBuffer bytes) return tagged("bytes", hex(bytes));
    if (value instanceof GenericFixed fixed) return tagged("bytes", HexFormat.of().formatHex(fixed.bytes()));
    if (value instanceof LocalDate date) return tagged("date", date + "T00:00:00Z");
    if (value instanceof LocalDateTime time) return toJson(time.toInstant(ZoneOffset.UTC));
    if (value instanceof Instant instant) return tagged("date", instant.truncatedTo(ChronoUnit.MILLIS).toString());
    if (value instanceof LocalTime time) return JSON.numberNode(time.get(ChronoField.MICRO_OF_SECOND) % 1000 == 0
        ? time.get(ChronoField.MILLI_OF_DAY) : time.getLong(ChronoField.MICRO_OF_DAY));
    if (value instanceof TimePeriod span) {
      ObjectNode duration = JSON.objectNode();
      return duration.put("months", span.getMonths()).put("days", span.getDays()).put("milliseconds", span.getMillis());
    }
    if (value instanceof List<?> items) {
      ArrayNode array = JSON.arrayNode();
      items.forEach((item) -> array.add(toJson(item)));
      return array;
    }
    if (value instanceof Map<?, ?> map) {
      ObjectNode object = JSON.objectNode();
      map.forEach((key, entry) -> object.set(key.toString(), toJson(entry)));
      return object;
    }
    if (value instanceof GenericRecord record) {
      ObjectNode object = JSON.objectNode();
      record.getSchema().getFields().forEach((field) -> object.set(field.name(), toJson(record.get(field.pos()))));
      return object;
    }
    return JSON.textNode(value.toString());
  }

  /** As JavaScript writes it: 1, not 1.0. */
  private static JsonNode number(double value) {
    return value == (int) value ? JSON.numberNode((int) value) : JSON.numberNode(value);
  }

  private static JsonNode tagged(String tag, String text) {
    return JSON.objectNode().put("$" + tag, text);
  }

  private static String hex(ByteBuffer bytes) {
    byte[] copy = new byte[bytes.remaining()];
    bytes.duplicate().get(copy);
    return HexFormat.of().formatHex(copy);
  }

  /** How many of the connector's payloads Java does not read as the fixtures say. */
  private static int readAll(List<String> written) throws IOException {
    int wrong = 0;
    for (String line : written) {
      JsonNode fixture = MAPPER.readTree(line);
      Schema schema = new Schema.Parser().parse(fixture.get("schema").toString());
      JsonNode found;
      try {
        found = toJson(read(schema, HexFormat.of().parseHex(fixture.get("bytes").asText())).get("field"));
      } catch (RuntimeException | IOException thrown) {
        found = JSON.textNode(thrown.toString());
      }
      JsonNode expected = fixture.get("values").get("field");
      if (found.toString().equals(expected.toString())) continue;
      wrong += 1;
      System.out.println(fixture.get("name") + ": expected " + expected + ", found " + found);
    }
    System.out.println(written.size() + " payloads read, " + wrong + " of them wrongly");
    return wrong;
  }

  private static GenericData model() {
    GenericData model = new GenericData();
    List.of(new Conversions.DecimalConversion(), new Conversions.BigDecimalConversion(), new Conversions.UUIDConversion(),
        new Conversions.DurationConversion(), new TimeConversions.DateConversion(), new TimeConversions.TimeMillisConversion(),
        new TimeConversions.TimeMicrosConversion(), new TimeConversions.TimestampMillisConversion(), new TimeConversions.TimestampMicrosConversion(),
        new TimeConversions.TimestampNanosConversion(), new TimeConversions.LocalTimestampMillisConversion(),
        new TimeConversions.LocalTimestampMicrosConversion(), new TimeConversions.LocalTimestampNanosConversion())
        .forEach(model::addLogicalTypeConversion);
    return model;
  }
}
