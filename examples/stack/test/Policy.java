import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.elasticsearch.common.Strings;
import org.elasticsearch.xcontent.NamedXContentRegistry;
import org.elasticsearch.xcontent.ParseField;
import org.elasticsearch.xcontent.XContentParserConfiguration;
import org.elasticsearch.xcontent.json.JsonXContent;
import org.elasticsearch.xpack.core.ilm.DeleteAction;
import org.elasticsearch.xpack.core.ilm.LifecycleAction;
import org.elasticsearch.xpack.core.ilm.LifecyclePolicy;
import org.elasticsearch.xpack.core.ilm.LifecycleType;
import org.elasticsearch.xpack.core.ilm.TimeseriesLifecycleType;

/** Reads a policy of ILM as Elasticsearch does, and prints what it understood: java Policy.java FILE. */
public class Policy {
    public static void main(String[] args) throws Exception {
        var known = new NamedXContentRegistry(List.of(
            new NamedXContentRegistry.Entry(LifecycleType.class, new ParseField(TimeseriesLifecycleType.TYPE), p -> TimeseriesLifecycleType.INSTANCE),
            new NamedXContentRegistry.Entry(LifecycleAction.class, new ParseField(DeleteAction.NAME), DeleteAction::parse)));
        var text = Files.readString(Path.of(args[0]));
        try (var parser = JsonXContent.jsonXContent.createParser(XContentParserConfiguration.EMPTY.withRegistry(known), text)) {
            // Past `{"policy":`.
            for (int token = 0; token < 3; token++) {
                parser.nextToken();
            }
            var policy = LifecyclePolicy.parse(parser, "syslog");
            policy.validate();
            System.out.println(Strings.toString(policy));
        }
    }
}
