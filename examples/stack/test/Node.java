import org.codelibs.opensearch.runner.OpenSearchRunner;
import static org.codelibs.opensearch.runner.OpenSearchRunner.newConfigs;

/** One OpenSearch node: java Node.java FOLDER BASE_PORT; it listens on the port after it. */
public class Node {
    public static void main(String[] args) throws Exception {
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.onBuild((number, settings) -> settings.put("discovery.type", "single-node"));
        runner.build(newConfigs().basePath(args[0]).clusterName("logship-test").numOfNode(1)
            .baseHttpPort(Integer.parseInt(args[1])).indexStoreType("fs").disableESLogger());
        runner.ensureYellow();
        Thread.sleep(Long.MAX_VALUE);
    }
}
