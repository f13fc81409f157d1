//! The files of `examples/stack`, checked by the programs that read them.

use std::{
    collections::HashSet,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use crate::{
    central::{Central, PATIENCE, read, stack},
    mapping::Mapping,
    store::Store,
    strict_json,
    support::{Certificates, Identity, PortBlock, eventually, find_rsyslogd},
};

#[test]
fn rsyslogd_accepts_both_configurations() {
    for configuration in ["rsyslog/central.conf", "older/rsyslog.conf"] {
        let directory = tempfile::TempDir::new().unwrap();
        let variables = variables();
        assert!(variables.len() > 8, "{variables:?}");
        let mut command = Command::new(find_rsyslogd());
        command.arg("-N1").arg("-f").arg(stack(configuration)).envs(variables);
        // It looks whether these are there.
        let certificates = Certificates::new();
        command.env("CENTRAL_SPOOL", directory.path());
        command.env("CENTRAL_CA", certificates.ca());
        command.env("CENTRAL_CERTIFICATE", certificates.certificate(Identity::Good));
        command.env("CENTRAL_KEY", certificates.key(Identity::Good));
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !said.contains("error"), "{configuration}: {said}");
    }
}

#[test]
fn every_variable_that_is_read_stands_in_central_env() {
    let known: HashSet<String> = variables().into_iter().map(|(name, _)| name).collect();
    // They have defaults, or are for one script.
    let optional = ["STORE_USER", "STORE_PASSWORD", "STORE_CA", "RETENTION_DAYS"];
    for file in ["rsyslog/central.conf", "older/rsyslog.conf", "health", "setup"] {
        for word in read(file).split(|c: char| !c.is_ascii_uppercase() && c != '_') {
            let is_one = word.starts_with("CENTRAL_") && word.len() > 8;
            let is_known = known.contains(word)
                || word.strip_prefix("CENTRAL_").is_some_and(|name| optional.contains(&name));
            assert!(!is_one || is_known, "{file} reads {word}");
        }
    }
}

#[test]
fn the_two_templates_say_the_same_but_for_one_type() {
    let parse = |name| strict_json::parse(read(name).as_bytes()).unwrap();
    let elasticsearch: Value = parse("elasticsearch/template.json");
    let structured_data =
        "/template/mappings/properties/log/properties/syslog/properties/structured_data";
    let mut opensearch: Value = parse("opensearch/template.json");
    assert_eq!(opensearch.pointer(structured_data).unwrap()["type"], "flat_object");
    let flattened = elasticsearch.pointer(structured_data).unwrap().clone();
    assert_eq!(flattened["type"], "flattened");
    *opensearch.pointer_mut(structured_data).unwrap() = flattened;
    assert_eq!(elasticsearch, opensearch);
    // OpenSearch takes a list for one pattern that nothing matches (seen).
    let dynamic = elasticsearch.pointer("/template/mappings/dynamic_templates").unwrap();
    for rule in dynamic.as_array().unwrap().iter().flat_map(|named| named.as_object().unwrap()) {
        assert!(rule.1["path_match"].is_string(), "{rule:?}");
    }
    drop(Mapping::of(&parse("older/template.json")));
}

/// By the documented form of an export: Kibana's "saved objects" one a line, each with its references
/// in the same file. No current Kibana has read them.
#[test]
fn saved_objects_refer_only_to_what_comes_with_them() {
    for file in ["kibana/saved-objects.ndjson", "opensearch-dashboards/saved-objects.ndjson"] {
        let objects: Vec<Value> =
            read(file).lines().map(|line| strict_json::parse(line.as_bytes()).unwrap()).collect();
        let ids: HashSet<_> = objects.iter().map(|o| (text(&o["type"]), text(&o["id"]))).collect();
        for kind in ["index-pattern", "search", "visualization", "dashboard"] {
            assert!(ids.iter().any(|(its, _)| its == kind), "{file} has no {kind}");
        }
        for object in &objects {
            for reference in object["references"].as_array().unwrap() {
                let target = (text(&reference["type"]), text(&reference["id"]));
                assert!(ids.contains(&target), "{file}: {object} refers to {target:?}");
            }
            embedded(file, &object["attributes"], &mut HashSet::new());
        }
        assert_fields_are_mapped(file);
    }
}

#[test]
fn the_older_kibana_shows_only_what_comes_with_it() {
    let objects = strict_json::parse(read("older/kibana.json").as_bytes()).unwrap();
    let ids: HashSet<_> =
        objects.as_array().unwrap().iter().map(|object| text(&object["_id"])).collect();
    for object in objects.as_array().unwrap() {
        let mut panels = HashSet::new();
        embedded("older/kibana.json", &object["_source"], &mut panels);
        assert!(panels.is_subset(&ids), "{panels:?} of {ids:?}");
    }
}

/// JSON within JSON: all of it must parse. Collects the ids of a dashboard's panels.
fn embedded(file: &str, attributes: &Value, panels: &mut HashSet<String>) {
    for (key, value) in attributes.as_object().into_iter().flatten() {
        if let (true, Some(json)) = (key.ends_with("JSON") || key == "visState", value.as_str()) {
            let inner = strict_json::parse(json.as_bytes())
                .unwrap_or_else(|error| panic!("{file}: {key}: {error}"));
            for panel in inner.as_array().into_iter().flatten() {
                panels.extend(panel["id"].as_str().map(str::to_owned));
            }
        }
        embedded(file, value, panels);
    }
}

/// Every field that a chart counts by is one that the template knows.
fn assert_fields_are_mapped(file: &str) {
    let template = read("elasticsearch/template.json");
    let template: Value = serde_json::from_str(&template).unwrap();
    for part in read(file).split("\\\"field\\\": \\\"").skip(1) {
        let field = part.split('\\').next().unwrap();
        let path = field.replace('.', "/properties/");
        let known = template.pointer(&format!("/template/mappings/properties/{path}"));
        assert!(known.is_some(), "{file} counts by {field}");
    }
}

#[test]
fn scripts_and_units_are_sound() {
    for script in ["health", "setup", "test/run", "test/lib.sh", "test/kills"] {
        let shell = if script.starts_with("test/") { "bash" } else { "sh" };
        let output = Command::new(shell).arg("-n").arg(stack(script)).output().unwrap();
        assert!(output.status.success(), "{script}: {}", said(&output));
    }
    for entry in std::fs::read_dir(stack("systemd")).unwrap() {
        let path = entry.unwrap().path();
        assert_unit(&std::fs::read_to_string(&path).unwrap(), &path);
    }
    // Where there is no systemd, the look above must do. It complains of programs that aren't
    // installed here, and of nothing else.
    let units = [
        "central.service",
        "central-setup.service",
        "central-index.service",
        "central-health.timer",
    ];
    let units = units.map(|unit| stack("systemd").join(unit));
    if let Ok(output) = Command::new("systemd-analyze").arg("verify").args(units).output() {
        let said = said(&output);
        let complaints: Vec<_> = said
            .lines()
            .filter(|line| line.contains("central") && !line.contains("is not executable"))
            .collect();
        assert!(complaints.is_empty(), "{complaints:#?}");
    }
}

fn assert_unit(unit: &str, path: &Path) {
    let name = path.display();
    assert!(unit.lines().any(|line| line == "[Unit]"), "{name}");
    for line in unit.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '['])) {
        assert!(line.contains('='), "{name}: {line}");
    }
    for file in unit.split("/etc/central/").skip(1) {
        let file = file.split_whitespace().next().unwrap();
        let known = ["central.env", "central.conf"];
        assert!(known.contains(&file), "{name}: {file}");
    }
}

#[test]
fn compose_files_name_existing_files_and_services() {
    let services = |file| {
        let document = YamlLoader::load_from_str(&read(file)).unwrap().remove(0);
        document["services"].clone()
    };
    let all = services("compose.yaml");
    let names: Vec<_> = all.as_hash().unwrap().keys().filter_map(Yaml::as_str).collect();
    assert_eq!(names, ["elasticsearch", "kibana", "setup", "central", "index"]);
    for (name, service) in all.as_hash().unwrap() {
        for needed in service["depends_on"].as_hash().into_iter().flatten() {
            assert!(names.contains(&needed.0.as_str().unwrap()), "{name:?} needs {needed:?}");
        }
    }
    for name in services("compose.opensearch.yaml").as_hash().unwrap().keys() {
        assert!(names.contains(&name.as_str().unwrap()), "{name:?} is no service");
    }
    let cluster = services("compose.cluster.yaml");
    let added = ["elasticsearch2", "elasticsearch3", "central2", "index2"];
    for (name, service) in cluster.as_hash().unwrap() {
        let name = name.as_str().unwrap();
        assert!(names.contains(&name) || added.contains(&name), "{name} is no service");
        let store = service["environment"]["CENTRAL_STORE"].as_str().unwrap_or_default();
        for node in store.split(',').filter(|node| !node.is_empty()) {
            let host = node.trim_start_matches("http://").trim_end_matches(":9200");
            assert!(!cluster[host].is_badvalue(), "{name} names {node}");
        }
    }
    for line in read("Dockerfile").lines().filter_map(|line| line.strip_prefix("COPY ")) {
        let words: Vec<_> = line.split_whitespace().collect();
        for file in words.split_last().unwrap().1.iter().filter(|word| !word.starts_with("--")) {
            let is_there = Path::new(env!("CARGO_MANIFEST_DIR")).join(file).exists();
            assert!(is_there || file.starts_with("/usr/local"), "the Dockerfile copies {file}");
        }
    }
}

/// Nobody has run them: they are parsed, and what they name must be there.
#[test]
fn manifests_of_kubernetes_name_only_what_is_there() {
    let known: HashSet<String> = variables().into_iter().map(|(name, _)| name).collect();
    for file in ["kubernetes/central.yaml", "kubernetes/opensearch.yaml"] {
        let objects = YamlLoader::load_from_str(&read(file)).unwrap();
        let of = |kind: &'static str| {
            objects.iter().filter(move |object| object["kind"].as_str() == Some(kind)).cloned()
        };
        let service = of("Service").next().unwrap();
        assert_eq!(service["spec"]["clusterIP"].as_str(), Some("None"), "{file}");
        let ports = service["spec"]["ports"].as_vec().unwrap();
        assert!(ports.iter().all(|port| port["name"].as_str().is_some()), "{file}");
        let set = of("StatefulSet").next().unwrap();
        assert_eq!(set["spec"]["serviceName"], service["metadata"]["name"], "{file}");
        let pod = &set["spec"]["template"];
        assert_eq!(pod["metadata"]["labels"], service["spec"]["selector"], "{file}");
        assert_eq!(pod["metadata"]["labels"], set["spec"]["selector"]["matchLabels"], "{file}");
        let own = pod["spec"]["volumes"].as_vec().into_iter().flatten();
        let claimed = set["spec"]["volumeClaimTemplates"].as_vec().into_iter().flatten();
        let volumes: Vec<_> = own
            .map(|volume| &volume["name"])
            .chain(claimed.map(|claim| &claim["metadata"]["name"]))
            .collect();
        for container in pod["spec"]["containers"].as_vec().unwrap() {
            for mount in container["volumeMounts"].as_vec().unwrap() {
                assert!(volumes.contains(&&mount["name"]), "{file}: {mount:?}");
            }
        }
        for map in of("ConfigMap") {
            for name in map["data"].as_hash().unwrap().keys().filter_map(Yaml::as_str) {
                let is_known = known.contains(name) || name == "CENTRAL_RETENTION_DAYS";
                assert!(is_known, "{file}: {name}");
            }
        }
    }
}

#[test]
fn health_and_setup_say_what_is_wrong() {
    let mut central = Central::running();
    let well = central.script("health");
    assert!(well.status.success(), "{}", said(&well));
    let set_up = central.script("setup");
    assert!(said(&set_up).contains("has its index template"), "{}", said(&set_up));
    let settings = || {
        let template = central.store.put_at("/_index_template/syslog").unwrap();
        template.pointer("/template/settings/index").unwrap().clone()
    };
    assert_eq!(settings()["number_of_shards"], 1);
    let cluster = [("CENTRAL_SHARDS", "3"), ("CENTRAL_RETENTION_DAYS", "7")];
    let set_up = central.script_with("setup", &cluster);
    assert!(said(&set_up).contains("older than 7 days"), "{}", said(&set_up));
    assert_eq!(settings()["number_of_shards"], 3);
    assert_eq!(settings()["lifecycle.name"], "syslog");
    let policy = central.store.put_at("/_ilm/policy/syslog").unwrap();
    assert_eq!(policy.pointer("/policy/phases/delete/min_age").unwrap(), "7d");
    strict_json::parse(read("opensearch/retention.json").as_bytes()).unwrap();
    std::fs::write(central.path("spool/dead-letters.ndjson"), "{}\n").unwrap();
    central.store.go_away();
    central.kill_poster();
    let ill = central.script("health");
    assert_eq!(ill.status.code(), Some(1));
    let complaints = ["1 documents were refused for good", "index does not answer", "store http"];
    for complaint in complaints {
        assert!(said(&ill).contains(complaint), "{}", said(&ill));
    }
}

/// The older central keeps every key of the JSON beside its own: none may come twice.
#[test]
fn the_older_central_takes_the_records_too() {
    let ports = PortBlock::reserve();
    let store = Store::running(&read("older/template.json"), ports.port(4));
    let central = Central::with("older/rsyslog.conf", ports, store);
    for format in ["cee", "ecs"] {
        let builder = crate::central::shop(&central.url("tcp")).format(format.parse().unwrap());
        let handle = builder.build().unwrap();
        crate::central::log(&handle, 0..100);
        assert!(handle.flush(PATIENCE));
    }
    let all = || central.store.count() >= 200;
    let refused = || central.store.books().refused.first().cloned();
    assert!(eventually(PATIENCE, all), "{:?}\n{}", refused(), central.own_log());
    assert_eq!(refused(), None);
    assert_eq!(central.store.books().types().get("fields.n"), Some(&"long"));
    assert_eq!(central.text("logs/shop.log").lines().count(), 200);
}

fn variables() -> Vec<(String, String)> {
    let lines = read("central.env");
    let pairs = lines.lines().filter(|line| !line.starts_with('#'));
    pairs.filter_map(|line| line.split_once('=')).map(|(k, v)| (k.into(), v.into())).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn said(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}
