import java.util.List;
import java.util.stream.IntStream;
import org.codelibs.opensearch.runner.OpenSearchRunner;
import static org.codelibs.opensearch.runner.OpenSearchRunner.newConfigs;

/**
 * One OpenSearch node: java Node.java DIRECTORY BASE_PORT; it listens on the port after it. With NUMBER and
 * NODES behind that, it is one of so many nodes of a cluster, whose base ports are 10 apart.
 */
public class Node {
    public static void main(String[] args) throws Exception {
        int base = Integer.parseInt(args[1]);
        int number = args.length > 2 ? Integer.parseInt(args[2]) : 0;
        int nodes = args.length > 3 ? Integer.parseInt(args[3]) : 1;
        List<Integer> others = IntStream.range(0, nodes).map(n -> base + (n - number) * 10).boxed().toList();
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((index, settings) -> {
            if (nodes == 1) {
                settings.put("discovery.type", "single-node");
                return;
            }
            settings.put("discovery.type", "zen");
            settings.put("node.name", "n" + number);
            settings.put("http.port", base + 1);
            settings.put("transport.port", base + 2);
            settings.putList("discovery.seed_hosts", others.stream().map(b -> "127.0.0.1:" + (b + 2)).toList());
            settings.putList("cluster.initial_cluster_manager_nodes", IntStream.range(0, nodes).mapToObj(n -> "n" + n).toList());
            settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
        });
        runner.build(newConfigs().basePath(args[0]).clusterName("logship-test").numOfNode(1)
            .baseHttpPort(base).indexStoreType("fs").disableESLogger());
        if (nodes == 1) {
            runner.ensureYellow();
        }
        Thread.sleep(Long.MAX_VALUE);
    }
}
