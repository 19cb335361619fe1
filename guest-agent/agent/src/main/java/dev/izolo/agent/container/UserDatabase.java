package dev.izolo.agent.container;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A container root's /etc/passwd and /etc/group (passwd(5), group(5)). Lines that are not of their form are passed over,
 * as libc does; the first line with a name or number wins.
 */
final class UserDatabase {
  /** A line of /etc/passwd. */
  record User(String name, long uid, long gid, String home) {}

  /** A line of /etc/group. */
  record Group(String name, long gid, List<String> members) {}

  private final List<User> users;
  private final List<Group> groups;

  private UserDatabase(List<User> users, List<Group> groups) {
    this.users = users;
    this.groups = groups;
  }

  static UserDatabase parse(String passwd, String group) {
    List<User> users = new ArrayList<>();
    for (String line : passwd.split("\n")) {
      String[] fields = fields(line);
      if (fields.length >= 4) {
        Optional<Long> uid = UserGrammar.number(fields[2]);
        Optional<Long> gid = UserGrammar.number(fields[3]);
        if (uid.isPresent() && gid.isPresent()) {
          users.add(new User(fields[0], uid.get(), gid.get(), fields.length > 5 ? fields[5] : ""));
        }
      }
    }
    List<Group> groups = new ArrayList<>();
    for (String line : group.split("\n")) {
      String[] fields = fields(line);
      if (fields.length >= 3) {
        Optional<Long> gid = UserGrammar.number(fields[2]);
        if (gid.isPresent()) {
          groups.add(new Group(fields[0], gid.get(),
              fields.length > 3 ? List.of(fields[3].split(",")) : List.of()));
        }
      }
    }
    return new UserDatabase(users, groups);
  }

  private static String[] fields(String line) {
    String stripped = line.strip();
    return stripped.isEmpty() || stripped.startsWith("#") ? new String[0] : stripped.split(":", -1);
  }

  Optional<User> user(String name) {
    return users.stream().filter(user -> user.name().equals(name)).findFirst();
  }

  Optional<User> user(long uid) {
    return users.stream().filter(user -> user.uid() == uid).findFirst();
  }

  Optional<Group> group(String name) {
    return groups.stream().filter(group -> group.name().equals(name)).findFirst();
  }

  /** The groups that list the user as a member, in the file's order. */
  List<Long> groupsOf(String userName) {
    return groups.stream().filter(group -> group.members().contains(userName)).map(Group::gid).distinct().toList();
  }
}
