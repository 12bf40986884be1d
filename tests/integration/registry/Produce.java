import io.apicurio.registry.serde.SerdeConfig;
import io.apicurio.registry.serde.avro.AvroKafkaSerializer;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** A scraper written in Java: it sends one page for each URL, framed by Apicurio's serializer with Confluent's ids. */
public class Produce {
    public static void main(String[] arguments) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("key.serializer", StringSerializer.class.getName());
        settings.put("value.serializer", AvroKafkaSerializer.class.getName());
        settings.put(SerdeConfig.REGISTRY_URL, arguments[1]);
        settings.put(SerdeConfig.AUTO_REGISTER_ARTIFACT, "true");
        settings.put(SerdeConfig.ENABLE_HEADERS, "false");
        settings.put(SerdeConfig.ENABLE_CONFLUENT_ID_HANDLER, "true");
        settings.put(SerdeConfig.USE_ID, "contentId");
        Schema schema = new Schema.Parser().parse(Files.readString(Path.of(arguments[3])));
        try (KafkaProducer<String, GenericRecord> producer = new KafkaProducer<>(settings)) {
            for (int n = 4; n < arguments.length; n++) {
                GenericRecord page = new GenericRecordBuilder(schema)
                    .set("crawl_id", "crawl-" + n)
                    .set("url", arguments[n])
                    .set("fetched_at", Instant.parse("2026-03-04T09:30:00Z").toEpochMilli())
                    .set("source", "java-crawler")
                    .set("body", ByteBuffer.wrap(page(n).getBytes(StandardCharsets.UTF_8)))
                    .set("http_status", 200)
                    .set("headers", new HashMap<>(Map.of("content-type", "text/html")))
                    .build();
                producer.send(new ProducerRecord<>(arguments[2], arguments[n], page)).get();
            }
        }
    }

    private static String page(int n) {
        String text = "The pier of Marrowby is rebuilt after the storm, says mayor Ines Falk. ".repeat(8 + n);
        return "<html><head><title>Pier number " + n + " to be rebuilt</title></head><body><article><h1>Pier number " + n
            + " to be rebuilt</h1><p>" + text + "</p><p>" + text + "</p></article></body></html>";
    }
}
