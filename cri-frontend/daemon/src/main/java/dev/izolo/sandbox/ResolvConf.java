package dev.izolo.sandbox;

import dev.izolo.agent.v1.Dns;
import dev.izolo.cri.v1.DNSConfig;
import java.util.ArrayList;
import java.util.List;

/** The resolver configuration of a pod: its own, else CNI's, else the host's (resolv.conf(5)). */
final class ResolvConf {
  private ResolvConf() {}

  /** @param hostFile text of the host's resolv.conf, used when neither the pod nor CNI names a server */
  static Dns choose(DNSConfig pod, dev.izolo.network.PodNetworks.Dns cni, String hostFile) {
    if (pod.getServersCount() + pod.getSearchesCount() + pod.getOptionsCount() > 0) {
      return Dns.newBuilder()
          .addAllServers(pod.getServersList())
          .addAllSearches(pod.getSearchesList())
          .addAllOptions(pod.getOptionsList())
          .build();
    }
    if (cni != null && !cni.servers().isEmpty()) {
      return Dns.newBuilder()
          .addAllServers(cni.servers())
          .addAllSearches(cni.searches())
          .addAllOptions(cni.options())
          .build();
    }
    return parse(hostFile);
  }

  /** Loopback resolvers of the host are left out: nothing listens there in the pod. */
  static Dns parse(String file) {
    var dns = Dns.newBuilder();
    List<String> searches = new ArrayList<>();
    for (String line : file.lines().toList()) {
      String[] words = line.strip().split("\\s+");
      if (words.length < 2) {
        continue;
      }
      List<String> values = List.of(words).subList(1, words.length);
      switch (words[0]) {
        case "nameserver" -> {
          String server = words[1];
          if (!server.startsWith("127.") && !server.equals("::1")) {
            dns.addServers(server);
          }
        }
        case "search", "domain" -> searches = values;
        case "options" -> dns.addAllOptions(values);
        default -> { }
      }
    }
    return dns.addAllSearches(searches).build();
  }
}
