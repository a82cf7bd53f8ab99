# rollcall_embed(TARGET NAME FOLDER PATTERN...): makes rollcall::app::embedded_NAME(), the files of FOLDER that fit the
# patterns, as they are when the target is built. With -P it is the script that writes that source.
if(CMAKE_SCRIPT_MODE_FILE)
  set(entries "")
  set(contents "")
  set(index 0)
  foreach(file ${FILES})
    file(READ "${FOLDER}/${file}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" hex "${hex}")
    string(APPEND contents "constexpr char content_${index}[] = \"${hex}\";\n")
    string(APPEND entries "    {\"${file}\", {content_${index}, sizeof content_${index} - 1}},\n")
    math(EXPR index "${index} + 1")
  endforeach()
  set(body "  return {};\n")
  if(entries)
    set(body "  static constexpr doors::File files[] = {\n${entries}  };\n  return files;\n")
  endif()
  file(WRITE "${OUTPUT}" "#include \"app/embedded.hpp\"\n\nnamespace rollcall::app {\nnamespace {\n${contents}}\n\n"
    "std::span<const doors::File> embedded_${NAME}() {\n${body}}\n\n}  // namespace rollcall::app\n")
  return()
endif()

set(ROLLCALL_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")
function(rollcall_embed target name folder)
  set(patterns "")
  foreach(pattern ${ARGN})
    list(APPEND patterns "${folder}/${pattern}")
  endforeach()
  file(GLOB files RELATIVE "${folder}" CONFIGURE_DEPENDS ${patterns})
  list(SORT files)
  set(depends ${files})
  list(TRANSFORM depends PREPEND "${folder}/")
  set(output "${PROJECT_BINARY_DIR}/embedded/${name}.cpp")
  add_custom_command(OUTPUT "${output}"
    COMMAND ${CMAKE_COMMAND} "-DFILES=${files}" "-DFOLDER=${folder}" "-DNAME=${name}" "-DOUTPUT=${output}" -P
            "${ROLLCALL_EMBED_SCRIPT}"
    DEPENDS ${depends} "${ROLLCALL_EMBED_SCRIPT}" VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
